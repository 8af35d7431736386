package org.treepo4j.engines.cuda;

import java.util.Arrays;

/**
 * Which rows hold each token, so that gradients of an embedding are summed up by token, in the
 * order of the rows.
 *
 * @param ids distinct tokens, {@code [distinct]}
 * @param starts first entry of each in {@code rows}, {@code [distinct + 1]}
 * @param rows row numbers, {@code [tokens]}
 */
@SuppressWarnings("ArrayRecordComponent") // uploaded, compared by nobody
record TokenRows(int[] ids, int[] starts, int[] rows) {

  static TokenRows of(int[] tokens) {
    long[] keys = new long[tokens.length];
    for (int row = 0; row < tokens.length; row++) {
      keys[row] = ((long) tokens[row] << 32) | row;
    }
    Arrays.sort(keys);
    int[] ids = new int[tokens.length];
    int[] starts = new int[tokens.length + 1];
    int[] rows = new int[tokens.length];
    int distinct = 0;
    for (int i = 0; i < keys.length; i++) {
      int token = (int) (keys[i] >> 32);
      rows[i] = (int) keys[i];
      if (i == 0 || token != ids[distinct - 1]) {
        ids[distinct] = token;
        starts[distinct++] = i;
      }
    }
    starts[distinct] = tokens.length;
    return new TokenRows(Arrays.copyOf(ids, distinct), Arrays.copyOf(starts, distinct + 1), rows);
  }

  int distinct() {
    return ids.length;
  }
}
