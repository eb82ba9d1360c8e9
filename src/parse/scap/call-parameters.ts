// The parameters of a call, wherever they are: since libs 0.22 all of them come with the exit, before that most come
// with the enter only. So each is taken from the exit if it is there and else from the enter that belongs to it.
//
// `where` is one of the arrays in `position`: by event type, which parameter it is.

import type { Params } from './params.ts'

/** Position of a parameter in this event; -1 if its type has none. */
export const placeOf = (params: Params, where: Int8Array): number => where[params.type] ?? -1
export const isThere = (params: Params, where: Int8Array): boolean => params.sizeOf(placeOf(params, where)) > 0

export const intOf = (params: Params, where: Int8Array): number => params.int(placeOf(params, where))
export const uintOf = (params: Params, where: Int8Array): number => params.uint(placeOf(params, where))
export const idOf = (params: Params, where: Int8Array): number => params.id(placeOf(params, where))
export const textOf = (params: Params, where: Int8Array): string => params.text(placeOf(params, where))

/** Whichever of the two has it. */
export const holderOf = (exit: Params, enter: Params, where: Int8Array): Params => (isThere(exit, where) ? exit : enter)
