/** A service whose looks give these answers in turn, the last one for ever. */
export function looks(...answers: (object | Error)[]) {
  let count = 0
  const ask = async () => {
    const answer = answers[Math.min(count, answers.length - 1)]
    count += 1
    if (answer instanceof Error) throw answer
    return answer
  }
  const signedOn = async () => ({ resource: { id: 'id', name: null }, email: null, scopes: [] })
  return { ask, signedOn, count: () => count }
}
