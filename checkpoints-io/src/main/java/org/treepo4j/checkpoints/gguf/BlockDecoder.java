package org.treepo4j.checkpoints.gguf;

import java.nio.ByteBuffer;

/** Turns the blocks of a number type into float32. */
@FunctionalInterface
interface BlockDecoder {

  /**
   * Decodes the first {@code blocks} blocks of {@code in}, little endian, to {@code out} from
   * {@code at} on.
   */
  void decode(ByteBuffer in, int blocks, float[] out, int at);

  /** One block: its bytes from {@code from} on, its elements to {@code out} from {@code at} on. */
  @FunctionalInterface
  interface OneBlock {
    void decode(ByteBuffer in, int from, float[] out, int at);
  }

  /** Block by block. */
  static BlockDecoder each(int elements, int bytes, OneBlock block) {
    return (in, blocks, out, at) -> {
      for (int b = 0; b < blocks; b++) {
        block.decode(in, b * bytes, out, at + b * elements);
      }
    };
  }
}
