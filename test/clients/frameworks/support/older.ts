import type cookieSession from 'cookie-session'
import type express from 'express'
import type Koa from 'koa'

// The majors before the present ones, which have no types of their own here. Most apps still run them.
const load = async (name: string) => (await import(name)).default

export const express4: typeof express = await load('express-4')
export const Koa2: typeof Koa = await load('koa-2')
/** Renews half of a cookie and cannot be told otherwise. */
export const cookieSession1: typeof cookieSession = await load('cookie-session-1')
