// The page's IndexedDB, with one store for conversations and one for the bytes of their files.

const NAME = "vireo";
const VERSION = 1;

export type Store = "conversations" | "pictures";

let opening: Promise<IDBDatabase> | undefined;

function openDatabase(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("conversations", { keyPath: "id" });
      request.result.createObjectStore("pictures", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

/** The result of a request inside a transaction. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Runs `work` in one transaction and waits until it is on disk. `work` may only await requests of
 * the transaction. Throws the database's errors, most often a QuotaExceededError.
 */
export async function transact<T>(
  mode: IDBTransactionMode,
  work: (store: (name: Store) => IDBObjectStore) => Promise<T>,
): Promise<T> {
  const database = await openDatabase();
  const transaction = database.transaction(["conversations", "pictures"], mode);
  const settled = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  settled.catch(() => undefined);
  const result = await work((name) => transaction.objectStore(name));
  await settled;
  return result;
}
