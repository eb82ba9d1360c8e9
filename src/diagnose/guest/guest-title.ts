// What a guest is called in a sentence: by the name that was given, or that of the machine; raw, escape it when shown.

export const guestTitle = (name: string): string => (name === 'guest' || name === '' ? 'the guest' : `guest ${name}`)
