// A file on its way to a store with tus-js-client, as it comes from npm: `node upload.mjs ADDRESS FILE MEMORY`.
// It prints how far it is after each part, and goes on where an earlier run with the same MEMORY was stopped.
import { createReadStream } from "node:fs";
import { FileUrlStorage, Upload } from "tus-js-client";

const [endpoint, path, memory] = process.argv.slice(2);
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);
let first = true;

const upload = new Upload(createReadStream(path), {
  endpoint,
  chunkSize: 1 << 20,
  retryDelays: Array(60).fill(250),
  urlStorage: new FileUrlStorage(memory),
  fingerprint: async () => path,
  metadata: { filename: "a name", filetype: "application/fits" },
  onProgress: (sent) => {
    if (first) say("from", sent);
    first = false;
  },
  onChunkComplete: (_size, accepted) => say("accepted", accepted),
  onShouldRetry: (error) => {
    say("again", error.originalResponse?.getStatus() ?? "unheard");
    return true;
  },
  onError: (error) => {
    say("failed", error.message.split("\n")[0]);
    process.exitCode = 1;
  },
  onSuccess: () => say("done", upload.url),
});

const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
upload.start();
