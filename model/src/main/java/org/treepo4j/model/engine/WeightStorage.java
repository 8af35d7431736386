package org.treepo4j.model.engine;

/** How a decoder stores the weight matrices it reads for every token; arithmetic is float32. */
public enum WeightStorage {
  /** As they are trained. */
  F32,
  /** Rounded to bfloat16: half the memory to read. Exact for models published in bfloat16. */
  BF16
}
