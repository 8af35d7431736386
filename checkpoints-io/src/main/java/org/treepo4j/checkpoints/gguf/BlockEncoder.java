package org.treepo4j.checkpoints.gguf;

import java.nio.ByteBuffer;

/** Turns float32 into the blocks of a number type. */
@FunctionalInterface
interface BlockEncoder {

  /**
   * Puts elements {@code at … at + n − 1}, whole blocks, into {@code out}, little endian, from
   * where it stands. All are finite and at most {@link GgmlType#largest()}.
   */
  void encode(float[] in, int at, int n, ByteBuffer out);
}
