/**
 * Preloaded (`node --import`) into every Node child of the system: when the parent is gone, even by
 * SIGKILL, its end of the IPC channel closes, and the child ends as if it had been asked to.
 */
process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
});
process.channel?.unref(); // after the listener, which holds the channel open
