/** A signal that counts the listeners of its abort: `now()`, and `most()` at once. */
export function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  let most = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners.add(listener);
    most = Math.max(most, listeners.size);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    if (type === "abort") listeners.delete(listener);
    remove(type, listener);
  };
  return { controller, signal, now: () => listeners.size, most: () => most };
}
