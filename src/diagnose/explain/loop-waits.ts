// What an event loop's thread does all day: a call in which it waits holds up nobody.

/** Calls in which an event loop waits by nature. What a keepalived polls besides is a wait for somebody. */
export const loopWaits = {
  keepalived: new Set([
    'epoll_wait',
    'epoll_pwait',
    'epoll_pwait2',
    'select',
    'pselect6',
    '_newselect',
    'restart_syscall',
  ]),
  qemu: new Set([
    'ppoll',
    'poll',
    'epoll_wait',
    'epoll_pwait',
    'select',
    'pselect6',
    'futex',
    'ioctl',
    'rt_sigtimedwait',
    'io_getevents',
    'io_uring_enter',
    'restart_syscall',
  ]),
} as const
