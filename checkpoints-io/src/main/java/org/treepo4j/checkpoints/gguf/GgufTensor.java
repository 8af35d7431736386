package org.treepo4j.checkpoints.gguf;

import java.util.List;

/**
 * What a GGUF file says of one tensor.
 *
 * @param name its name
 * @param type its number type
 * @param shape its dimensions, outermost first (the file lists them the other way round)
 * @param begin where in the file its bytes begin
 * @param end where they end
 */
public record GgufTensor(String name, GgmlType type, List<Long> shape, long begin, long end) {

  public GgufTensor {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return (end - begin) / type.blockBytes() * type.blockElements();
  }
}
