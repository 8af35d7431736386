package org.treepo4j.model;

/** Token ids as numbers that sort by likelihood, and a heap of them. */
final class LikelihoodKeys {
  private LikelihoodKeys() {}

  /** Greater for a likelier id, and for the lower of equally likely ones. */
  static long key(float logit, int id) {
    int bits = Float.floatToIntBits(logit + 0f);
    int ordered = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ordered << 32) | (0xFFFFFFFFL - id);
  }

  static int id(long key) {
    return (int) (0xFFFFFFFFL - (key & 0xFFFFFFFFL));
  }

  /** Puts one key in its place in a heap of {@code size} whose root is the least. */
  static void siftDown(long[] keys, int from, int size) {
    int i = from;
    long key = keys[i];
    for (int child = 2 * i + 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && keys[child + 1] < keys[child]) {
        child++;
      }
      if (keys[child] >= key) {
        break;
      }
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = key;
  }
}
