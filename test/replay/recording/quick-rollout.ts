/** A policy of two rings that is through in seconds; devices that are away do not hold it up. */
export const QUICK = {
  rings: [
    { name: 'canary', percent: 30 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 1,
  pollSeconds: 1,
  minDevices: 1,
  minCoverage: 0,
} as const;
