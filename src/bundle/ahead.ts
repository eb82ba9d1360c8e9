// What a generator gives, with the next few already asked for: what it waits for (a disk, a gunzip in another thread) goes on
// while the one before is worked on. In the same order, and no sooner told.

/** `count`: so many are asked for beforehand. Ending it early ends the generator, too, once what was asked for has come. */
export async function* ahead<T>(given: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  const asked: Promise<IteratorResult<T>>[] = []
  const ask = (): void => {
    const next = given.next()
    // It fails for whoever takes it.
    next.catch(() => undefined)
    asked.push(next)
  }
  try {
    for (let i = 0; i < count; i++) ask()
    for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
      const result = await next
      if (result.done === true) return
      ask()
      yield result.value
    }
  } finally {
    await given.return(undefined)
  }
}
