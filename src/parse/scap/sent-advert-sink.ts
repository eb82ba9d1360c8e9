// Who hears of an advert that was given to sendmsg.

import type { Instant } from '../../time/instant.ts'

export interface SentAdvertSink {
  /**
   * keepalived handed an advert to the kernel. `at`: sendmsg returned; `enterAt`: it was called, NaN if not seen.
   * `ipId`: IPv4 Identification, unknown (-1) for IPv6. `result`: bytes sent, or -errno when it was refused.
   */
  sentAdvert(
    at: Instant,
    enterAt: Instant,
    tid: number,
    ipId: number,
    vrid: number,
    source: string,
    result: number,
  ): void
}
