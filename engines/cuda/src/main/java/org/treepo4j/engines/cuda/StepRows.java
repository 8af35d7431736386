package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.Arrays;

/**
 * The rows of a decoder's step: which token each computes, and where the tokens are that it sees.
 * All of it is one array, which one copy brings to the device; it stays where it is until more rows
 * or runs come than ever before, so that recorded steps find it.
 */
final class StepRows implements AutoCloseable {
  /** Numbers of each row: token, position, own slot, tokens seen, path. */
  private static final int TOKEN = 0;

  private static final int POSITION = 1;
  private static final int SLOT = 2;
  private static final int LENGTH = 3;
  private static final int PATH = 4;

  /** Behind them the first run of each path. */
  private static final int START = 5;

  private final Device device;

  /** Rows and runs that there is room for. */
  private int mostRows = 64;

  private int mostRuns = 64;

  /** {@code [5][mostRows], [mostRows + 1], [2][mostRuns]}: the last are slots and ends of runs. */
  private int[] all = new int[room(mostRows, mostRuns)];

  private CudaChunk[] chunks = new CudaChunk[mostRows];
  private DeviceArray on;
  private long steps;
  private int count;
  private int longest;

  StepRows(Device device) {
    this.device = device;
  }

  private static int room(int rows, int runs) {
    return 6 * rows + 1 + 2 * runs;
  }

  int count() {
    return count;
  }

  /** Tokens of the longest path, as far as it is computed then. */
  int longest() {
    return longest;
  }

  /** Adds the last token of a chunk. */
  void add(CudaChunk chunk, int token) {
    if (count == mostRows) {
      growRows();
    }
    int length = chunk.start() + chunk.length();
    all[TOKEN * mostRows + count] = token;
    all[POSITION * mostRows + count] = length - 1;
    all[SLOT * mostRows + count] = chunk.slot(chunk.length() - 1);
    all[LENGTH * mostRows + count] = length;
    chunks[count++] = chunk;
  }

  private void growRows() {
    int before = mostRows;
    int[] old = all;
    mostRows *= 2;
    all = new int[room(mostRows, mostRuns)];
    for (int column = 0; column < START; column++) {
      System.arraycopy(old, column * before, all, column * mostRows, count);
    }
    chunks = Arrays.copyOf(chunks, mostRows);
  }

  /** Lists what the rows see and brings all to the device. */
  void write() {
    steps++;
    longest = 0;
    int paths = 0;
    int runs = 0;
    for (int row = 0; row < count; row++) {
      CudaChunk chunk = chunks[row];
      longest = Math.max(longest, all[LENGTH * mostRows + row]);
      if (chunk.step != steps) {
        chunk.step = steps;
        chunk.number = paths++;
        CudaChunk.Runs own = chunk.runs(chunk.length());
        if (runs + own.count() > mostRuns) {
          growRuns(runs, runs + own.count());
        }
        for (int run = 0; run < own.count(); run++) {
          all[firstRun() + runs] = own.slot(run);
          all[firstRun() + mostRuns + runs++] = own.end(run);
        }
        all[START * mostRows + paths] = runs;
      }
      all[PATH * mostRows + row] = chunk.number;
    }
    on = device.atLeast(on, I32, all.length);
    device.write(on, all, 0, all.length);
    Arrays.fill(chunks, 0, count, null);
  }

  private void growRuns(int runs, int wanted) {
    int[] old = all;
    int before = mostRuns;
    mostRuns = Math.max(wanted, 2 * mostRuns);
    all = Arrays.copyOf(old, room(mostRows, mostRuns));
    System.arraycopy(old, firstRun() + before, all, firstRun() + mostRuns, runs);
  }

  private int firstRun() {
    return (START + 1) * mostRows + 1;
  }

  /** Positions of the rows, on the host. */
  int[] hostPositions() {
    return Arrays.copyOfRange(all, POSITION * mostRows, POSITION * mostRows + count);
  }

  /** {@code I32 [rows]}, as the next two. */
  DeviceArray tokens() {
    return on.part((long) TOKEN * mostRows, mostRows);
  }

  DeviceArray positions() {
    return on.part((long) POSITION * mostRows, mostRows);
  }

  /** Where each row's own keys and values go. */
  DeviceArray slots() {
    return on.part((long) SLOT * mostRows, mostRows);
  }

  /** What the rows see. */
  CacheAttention.Paths seen() {
    return new CacheAttention.Paths(
        on.part((long) PATH * mostRows, mostRows),
        on.part((long) LENGTH * mostRows, mostRows),
        on.part((long) START * mostRows, mostRows + 1L),
        on.part(firstRun(), mostRuns),
        on.part((long) firstRun() + mostRuns, mostRuns));
  }

  /** Makes ready for the next step. */
  void clear() {
    count = 0;
  }

  @Override
  public void close() {
    device.free(on);
  }
}
