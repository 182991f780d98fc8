import type { VirtualDevice } from './virtual-device.ts';

const SLOTS = 10;

/**
 * Lets every device run once a second, a tenth of them in each tenth of it; returns the function
 * that ends it.
 */
export function startLiveLoop(devices: readonly VirtualDevice[], speed: number): () => void {
  const slots = Array.from({ length: SLOTS }, (_, slot) => devices.filter((_d, i) => i % SLOTS === slot));
  const last = slots.map(() => performance.now());
  let slot = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const seconds = (now - (last[slot] as number)) / 1000;
    last[slot] = now;
    for (const device of slots[slot] ?? []) void device.advance(seconds * speed);
    slot = (slot + 1) % SLOTS;
  }, 1000 / SLOTS);
  return () => clearInterval(timer);
}
