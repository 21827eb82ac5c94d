// The shapes that engine.js and the widgets pass around, for `tsc --checkJs` and for editors. Not sent to the browser.

interface Note {
  onset: number; // ticks
  duration: number; // ticks
  pitch: number;
  velocity: number;
  part: number;
}

interface RawPack {
  pitches: number[];
  files: DataView[]; // one sound file a pitch
}

interface Sample {
  pitch: number;
  buffer: AudioBuffer;
  lead: number; // s of silence before the sound
  holds: boolean; // sounds on until it is released, as a flute does and a piano does not
}

interface Voice {
  note: Note;
  start: number; // s on the audio clock
  volume: GainNode;
  sources: AudioBufferSourceNode[];
}

interface MusegenSound {
  context: AudioContext | null;
  master: GainNode | null;
  analyser: AnalyserNode | null;
  packs: Map<number, Promise<Sample[]>>;
  playing: { pause(): void } | null;
  rest?: ReturnType<typeof setTimeout>;
}

declare var musegenSound: MusegenSound | undefined;
declare var musegenKeys: true | undefined;
declare var musegenClipboard: Note[] | undefined; // what was copied in one editor can be pasted in another

interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, callback: (...values: any[]) => void): void;
  off(name: string, callback?: (...values: any[]) => void): void;
}

type Invoke = (name: string, message: object, options?: { signal?: AbortSignal }) => Promise<[any, DataView[]]>;

interface RenderContext {
  model: Model;
  el: HTMLElement;
  experimental: { invoke: Invoke };
}
