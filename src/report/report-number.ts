// How the report's value rounds, and says that something is not known.

/** To the nanosecond, as milliseconds. */
export const msOf = (ns: number): number => Math.round(ns) / 1e6
/** Enough digits to compare, few enough to read. */
export const rounded = (value: number): number => Number(value.toPrecision(6))
export const orNull = <T>(value: T | undefined): T | null => value ?? null
