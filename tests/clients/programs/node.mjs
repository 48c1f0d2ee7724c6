// OpenAI's own client and the Vercel AI SDK for Node.js, as consumers of the gateway. wire.py says how a test talks to them.
import { createInterface } from "node:readline";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, jsonSchema, Output, streamText, tool } from "ai";
import OpenAI from "openai";

const SCHEMA = {
  type: "object",
  properties: {
    title: { type: "string", pattern: "^[a-z ]{3,12}$" },
    kind: { type: "string", enum: ["invoice", "letter"] },
  },
  required: ["title", "kind"],
  additionalProperties: false,
};
const PROMPT = "Hello";
const NOTHING = { type: "object", properties: {} };
const PICTURE =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const noting = (exchanges) => async (url, options) => {
  const response = await fetch(url, options);
  exchanges.push({
    status: response.status,
    server: response.headers.get("x-litellm-model-api-base") ?? "",
  });
  return response;
};

function openai() {
  const client = (order, exchanges) =>
    new OpenAI({
      baseURL: `${order.url}/v1`,
      apiKey: order.key,
      fetch: noting(exchanges),
      ...(order.retries == null ? {} : { maxRetries: order.retries }),
    });
  const create = (order, exchanges, more = {}) =>
    client(order, exchanges).chat.completions.create({
      model: order.model,
      messages: [{ role: "user", content: PROMPT }],
      max_tokens: 8,
      ...more,
      ...order.body,
    });
  return {
    async models(order, exchanges) {
      const asked = client(order, exchanges);
      const names = [];
      for await (const model of asked.models.list()) names.push(model.id);
      const found = [];
      for (const name of names) found.push((await asked.models.retrieve(name)).id);
      return { names, found };
    },
    async chat(order, exchanges) {
      const answer = await create(order, exchanges);
      return { text: answer.choices[0].message.content, tokens: answer.usage.completion_tokens };
    },
    async stream(order, exchanges) {
      const pieces = [];
      for await (const chunk of await create(order, exchanges, { stream: true, max_tokens: 24 })) {
        if (chunk.choices.length) pieces.push(chunk.choices[0].delta.content ?? "");
      }
      return { text: pieces.join(""), pieces: pieces.length };
    },
    async json(order, exchanges) {
      const wanted = { type: "json_schema", json_schema: { name: "document", schema: SCHEMA, strict: true } };
      const answer = await create(order, exchanges, { response_format: wanted, max_tokens: 300 });
      return { text: answer.choices[0].message.content };
    },
    async cancel(order, exchanges) {
      const answer = await create(order, exchanges, { stream: true, max_tokens: 900 });
      let seen = 0;
      for await (const _ of answer) if (++seen === 3) break;
      answer.controller.abort();
      return {};
    },
    async embed(order, exchanges) {
      const found = await client(order, exchanges).embeddings.create({ model: order.model, input: "fox" });
      return { length: found.data[0].embedding.length };
    },
    async tools(order, exchanges) {
      const row = { type: "function", function: { name: "weather", parameters: NOTHING } };
      await create(order, exchanges, { tools: [row] });
      return {};
    },
    async picture(order, exchanges) {
      const shown = { type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } };
      await create(order, exchanges, { messages: [{ role: "user", content: [shown] }] });
      return {};
    },
  };
}

function vercel() {
  const provider = (order, exchanges) =>
    createOpenAICompatible({
      name: "gateway",
      baseURL: `${order.url}/v1`,
      apiKey: order.key,
      supportsStructuredOutputs: true,
      includeUsage: true,
      fetch: noting(exchanges),
    });
  // The SDK's own words for what it has words for; the others go as the provider's options.
  const options = (order, exchanges, more = {}) => {
    const { max_tokens, temperature, messages, ...rest } = order.body ?? {};
    return {
      model: provider(order, exchanges)(order.model),
      maxOutputTokens: max_tokens ?? 8,
      ...(temperature == null ? {} : { temperature }),
      ...(messages == null ? { prompt: PROMPT } : { messages }),
      ...(order.retries == null ? {} : { maxRetries: order.retries }),
      providerOptions: { gateway: rest },
      ...more,
    };
  };
  const streamed = (order, exchanges, more) => {
    const failed = [];
    const result = streamText({ ...options(order, exchanges, more), onError: ({ error }) => failed.push(error) });
    return { result, failed };
  };
  return {
    async chat(order, exchanges) {
      const answer = await generateText(options(order, exchanges));
      return { text: answer.text, tokens: answer.usage.outputTokens };
    },
    async stream(order, exchanges) {
      const { result, failed } = streamed(order, exchanges, { maxOutputTokens: 24 });
      const pieces = [];
      for await (const piece of result.textStream) pieces.push(piece);
      if (failed.length) throw failed[0];
      return { text: pieces.join(""), pieces: pieces.length };
    },
    async json(order, exchanges) {
      const output = Output.object({ schema: jsonSchema(SCHEMA), name: "document" });
      const answer = await generateText(options(order, exchanges, { output, maxOutputTokens: 300 }));
      return { text: JSON.stringify(answer.output) };
    },
    async cancel(order, exchanges) {
      const abort = new AbortController();
      const { result } = streamed(order, exchanges, { maxOutputTokens: 900, abortSignal: abort.signal });
      let seen = 0;
      for await (const _ of result.textStream) if (++seen === 3) abort.abort();
      return {};
    },
    async embed(order, exchanges) {
      const model = provider(order, exchanges).embeddingModel(order.model);
      return { length: (await embed({ model, value: "fox" })).embedding.length };
    },
    async tools(order, exchanges) {
      const weather = tool({ description: "The weather.", inputSchema: jsonSchema(NOTHING) });
      await generateText(options(order, exchanges, { tools: { weather } }));
      return {};
    },
    async picture(order, exchanges) {
      const content = [{ type: "file", data: PICTURE, mediaType: "image/png" }];
      const { prompt, ...rest } = options(order, exchanges);
      await generateText({ ...rest, messages: [{ role: "user", content }] });
      return {};
    },
  };
}

const actions = { openai, vercel }[process.argv.at(-1)]();
globalThis.AI_SDK_LOG_WARNINGS = false;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const exchanges = [];
  let answer;
  try {
    answer = await actions[order.do](order, exchanges);
  } catch (error) {
    // The SDK wraps the last error of its tries.
    const status = error.status ?? error.statusCode ?? error.lastError?.statusCode ?? null;
    const name = error.constructor.name === "Error" ? error.name : error.constructor.name;
    answer = { error: { class: name, status, message: String(error.message) } };
  }
  process.stdout.write(`${JSON.stringify({ ...answer, exchanges })}\n`);
}
