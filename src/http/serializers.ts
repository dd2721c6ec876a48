import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { PROBLEM_JSON } from './api/problems.ts'

type Factory = ReturnType<typeof SerializerSelector>

/**
 * Makes what writes answers by their schemas, all of them before the first request: a schema that is wrong stops the start.
 * Problems are sent as bytes, and described for each status of each route all the same. A serializer for each of these
 * hundreds, which nobody calls, took most of the time in which a process starts.
 */
export const buildSerializer: Factory = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options)
  return (route) =>
    'contentType' in route && route.contentType === PROBLEM_JSON ? notByBytes : compile(route)
}

function notByBytes(): never {
  throw new Error('problems are sent by sendProblem alone')
}
