// Finds the samples in iostat's JSON while it is still being written, and in a document that never ends.
//
// `iostat -o JSON` (sysstat 12.6.1) writes about 70 tiny pieces a sample, and the `},` behind a sample comes only with
// the next one, a second later. So nothing here waits for a document to be whole: a sample is whole at the `]` of its
// disks, a device at its `}`.
//
//   {"sysstat": {"hosts": [{"nodename": "compute07", ... "statistics": [     <- a document begins
//     {
//       "timestamp": "2026-11-22T12:28:30+0000",                             <- a stamp
//       "disk": [
//         {"disk_device": "vda", "r/s": 73.76, ... "util": 1.29},            <- a device
//         {"disk_device": "vdb", "r/s": 0.00, ... "util": 0.00}
//       ]                                                                    <- the sample is whole
//
// After garbage it is found again by the same marks: a line break ends a string that was never closed, a `{` inside a
// device starts a new one, and `"timestamp"` starts a new sample wherever it stands.

export interface SampleListener {
  /** A document begins: the next sample is its first. */
  document(): void
  stamp(text: string, where: number): void
  /** One device as JSON text. */
  device(json: string, where: number): void
  sampleEnd(where: number): void
  broken(reason: string, where: number): void
}

export interface SampleScanner {
  push(bytes: Uint8Array): void
  end(): void
}

/** A device of sysstat 12.6 has 0.6 kB. */
const longestPieceBytes = 64 * 1024

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
/** What a number of a header or of `avg-cpu` is made of. */
const isNumeric = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e

export function createSampleScanner(listener: SampleListener): SampleScanner {
  const decoder = new TextDecoder()
  const kept = new Uint8Array(longestPieceBytes)
  let keptLength = 0
  let keptFrom = 0
  let offset = 0
  let isInDisks = false
  let isInDevice = false
  let isInString = false
  let isEscaped = false
  let isInGarbage = false
  /** Key of which the value is next. */
  let key = ''
  let isAfterColon = false

  const keptText = (): string => decoder.decode(kept.subarray(0, keptLength))

  function begin(): void {
    keptLength = 0
    keptFrom = offset
  }

  function keep(byte: number): void {
    if (keptLength < longestPieceBytes) {
      kept[keptLength++] = byte
      return
    }
    listener.broken(`a device or text of more than ${longestPieceBytes} bytes`, keptFrom)
    isInDevice = false
    isInString = false
    keptLength = 0
  }

  function broken(reason: string): void {
    if (!isInGarbage) listener.broken(reason, offset)
    isInGarbage = true
  }

  function stringEnd(): void {
    const text = keptText().slice(1, -1)
    if (isAfterColon) {
      if (key === 'timestamp') listener.stamp(text, keptFrom)
      key = ''
      isAfterColon = false
      return
    }
    key = text
    if (text === 'statistics') listener.document()
    if (text === 'timestamp' || text === 'statistics') {
      if (isInDisks) broken('a sample that was cut off before its ]')
      isInDisks = false
      isInGarbage = false
    }
  }

  function stringByte(byte: number): void {
    if (byte < 0x20) {
      broken('a line break inside a name')
      isInString = false
      isInDevice = false
      return
    }
    keep(byte)
    if (isEscaped) isEscaped = false
    else if (byte === backslash) isEscaped = true
    else if (byte === quote) {
      isInString = false
      if (!isInDevice) stringEnd()
    }
  }

  function deviceByte(byte: number): void {
    if (byte === openBrace) {
      broken('a device that was cut off before its }')
      begin()
    }
    keep(byte)
    if (byte === quote) isInString = true
    else if (byte === closeBrace) {
      isInDevice = false
      isInGarbage = false
      listener.device(keptText(), keptFrom)
    } else if (byte === openBracket || byte === closeBracket) {
      broken('a device that was cut off before its }')
      isInDevice = false
      // What was taken for a device may hold the head of the next sample: read it again as such.
      const again = kept.slice(0, keptLength)
      offset -= keptLength - 1
      for (const one of again.subarray(1)) {
        offset++
        outerByte(one)
      }
    }
  }

  function outerByte(byte: number): void {
    if (isInString) return stringByte(byte)
    if (isBlank(byte)) return
    if (byte === quote) {
      begin()
      isInString = true
      isEscaped = false
      keep(byte)
      return
    }
    if (byte === colon) {
      isAfterColon = true
      return
    }
    if (byte === openBracket && key === 'disk' && isAfterColon) isInDisks = true
    else if (byte === closeBracket && isInDisks) {
      isInDisks = false
      listener.sampleEnd(offset)
    } else if (byte === openBrace && isInDisks) {
      begin()
      isInDevice = true
      keep(byte)
    } else if (byte !== comma && byte !== openBrace && byte !== closeBrace && byte !== openBracket) {
      if (byte !== closeBracket && !(isNumeric(byte) && isAfterColon)) broken('something that is not JSON of iostat')
      return
    }
    key = ''
    isAfterColon = false
  }

  return {
    push(bytes) {
      for (const byte of bytes) {
        if (isInString) stringByte(byte)
        else if (isInDevice) deviceByte(byte)
        else outerByte(byte)
        offset++
      }
    },
    end() {
      if (isInDisks || isInDevice || isInString) listener.broken('the last sample was cut off', keptFrom)
    },
  }
}
