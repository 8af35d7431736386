package org.treepo4j.engines.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Which tiles of rows see which, for attention over trees. Rows stand in depth-first order, trees
 * one after another: then the descendants of row {@code j} are the rows {@code j..ends[j]}, and row
 * {@code i} sees row {@code j} if {@code j ≤ i < ends[j]} and, with a window, {@code positions[i] −
 * positions[j] < window}. Tiles in which nothing is seen are not visited.
 */
final class TreeTiles implements AutoCloseable {
  /** Rows of a tile. */
  static final int ROWS = 32;

  private final Device device;
  private final int rows;
  private final int window;
  private final DeviceArray ends;
  private final DeviceArray positions;
  private final Lists keys;
  private final Lists queries;

  /**
   * For each tile the tiles that belong to it.
   *
   * @param starts {@code I32 [tiles + 1]}
   * @param tiles {@code I32}
   */
  record Lists(DeviceArray starts, DeviceArray tiles) {}

  /**
   * @param parents parent rows by row, −1 for roots; in depth-first order
   * @param positions depth by row
   * @param window tokens that a token sees, itself included; 0 for all
   */
  TreeTiles(Device device, int[] parents, int[] positions, int window) {
    this.device = device;
    this.rows = parents.length;
    this.window = window;
    int[] ends = ends(parents);
    List<List<Integer>> keys = keyTiles(parents, positions, ends, window);
    List<List<Integer>> queries = new ArrayList<>();
    keys.forEach(list -> queries.add(new ArrayList<>()));
    for (int tile = 0; tile < keys.size(); tile++) {
      for (int key : keys.get(tile)) {
        queries.get(key).add(tile);
      }
    }
    this.ends = device.upload(ends);
    this.positions = device.upload(positions);
    this.keys = upload(device, keys);
    this.queries = upload(device, queries);
  }

  /** Row after the last descendant of every row. */
  static int[] ends(int[] parents) {
    int[] ends = new int[parents.length];
    for (int row = parents.length - 1; row >= 0; row--) {
      ends[row] = Math.max(ends[row], row + 1);
      int parent = parents[row];
      if (parent >= row || parent < -1) {
        throw new IllegalArgumentException("parent of row " + row + " is out of order: " + parent);
      }
      if (parent >= 0) {
        ends[parent] = Math.max(ends[parent], ends[row]);
      }
    }
    for (int row = 1; row < parents.length; row++) {
      // Behind a row stands its first child, or whatever comes after its whole tree of descendants.
      if (parents[row] != row - 1 && ends[row - 1] != row) {
        throw new IllegalArgumentException(
            "rows must be in depth-first order, row " + row + " is not");
      }
    }
    return ends;
  }

  /** Tiles that hold a row which a row of the tile sees, in rising order. */
  private static List<List<Integer>> keyTiles(
      int[] parents, int[] positions, int[] ends, int window) {
    List<List<Integer>> lists = new ArrayList<>();
    for (int first = 0; first < parents.length; first += ROWS) {
      int last = Math.min(parents.length, first + ROWS) - 1;
      List<Integer> list = new ArrayList<>();
      list.add(first / ROWS);
      // Ancestors before the tile of any row in it are ancestors of its first row.
      for (int key = parents[first]; key >= 0; key = parents[key]) {
        int tile = key / ROWS;
        if (tile < list.get(list.size() - 1) && seen(key, first, last, positions, ends, window)) {
          list.add(tile);
        }
      }
      Collections.reverse(list);
      lists.add(list);
    }
    return lists;
  }

  private static boolean seen(
      int key, int first, int last, int[] positions, int[] ends, int window) {
    for (int row = first; row <= last && row < ends[key]; row++) {
      if (window == 0 || positions[row] - positions[key] < window) {
        return true;
      }
    }
    return false;
  }

  private static Lists upload(Device device, List<List<Integer>> lists) {
    int[] starts = new int[lists.size() + 1];
    for (int i = 0; i < lists.size(); i++) {
      starts[i + 1] = starts[i] + lists.get(i).size();
    }
    int[] all = lists.stream().flatMap(List::stream).mapToInt(Integer::intValue).toArray();
    return new Lists(device.upload(starts), device.upload(all));
  }

  int rows() {
    return rows;
  }

  int tiles() {
    return Kernel.parts(rows, ROWS);
  }

  int window() {
    return window;
  }

  /** {@code I32 [rows]}. */
  DeviceArray ends() {
    return ends;
  }

  /** {@code I32 [rows]}. */
  DeviceArray positions() {
    return positions;
  }

  /** Tiles of keys that each tile of queries sees, in rising order. */
  Lists keys() {
    return keys;
  }

  /** Tiles of queries that see each tile of keys, in rising order. */
  Lists queries() {
    return queries;
  }

  @Override
  public void close() {
    device.free(ends);
    device.free(positions);
    device.free(keys.starts());
    device.free(keys.tiles());
    device.free(queries.starts());
    device.free(queries.tiles());
  }
}
