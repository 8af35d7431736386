package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.factory.Nd4j;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CacheFullException;

/**
 * Keys and values of the tokens of a decoder, each token once however many paths run through it.
 * Tokens form a tree by reference; every layer has one array of keys and one of values with a row
 * for each token. New tokens take the next rows; when none is left, the live ones move together.
 */
final class TokenCache implements AutoCloseable {
  private static final int SMALLEST = 64;

  private final int kvSize;
  private final long bytesPerToken;
  private final long maxBytes;
  private final int maxRows;
  private final Tensor[] keys;
  private final Tensor[] values;
  private final List<Token> rows = new ArrayList<>();
  private int capacity;
  private int live;

  /** A cached token; it lives as long as a path ends at it or another token continues it. */
  static final class Token {
    private final Token parent;
    private final int length;
    private final float[] hidden;
    private int row;
    private int references;

    private Token(Token parent, float[] hidden) {
      this.parent = parent;
      this.length = parent == null ? 1 : parent.length + 1;
      this.hidden = hidden;
    }

    /** Tokens from the root to this one, both included. */
    int length() {
      return length;
    }

    /** Its final hidden state, {@code [hidden]}. */
    float[] hidden() {
      return hidden;
    }

    /** The token that the first {@code shared} tokens of this path end with. */
    Token ancestor(int shared) {
      Token token = this;
      while (token.length > shared) {
        token = token.parent;
      }
      return token;
    }
  }

  TokenCache(ModelConfig config, long maxBytes) {
    kvSize = config.kvSize();
    keys = new Tensor[config.layers()];
    values = new Tensor[config.layers()];
    bytesPerToken = 4L * (2L * config.layers() * kvSize + config.hiddenSize());
    this.maxBytes = maxBytes;
    maxRows = (int) Math.min(Integer.MAX_VALUE / 2, maxBytes / bytesPerToken);
  }

  /** Tokens held. */
  int liveTokens() {
    return live;
  }

  /** Memory the tokens held take. */
  long liveBytes() {
    return live * bytesPerToken;
  }

  /**
   * Makes room for further tokens; afterwards rows do not move until the next call.
   *
   * @throws CacheFullException when they would not fit; nothing has changed then
   */
  void reserve(int tokens) {
    if ((long) live + tokens > maxRows) {
      throw new CacheFullException((live + (long) tokens) * bytesPerToken, maxBytes);
    }
    if (rows.size() + tokens > capacity) {
      long wanted = Math.max(SMALLEST, 2L * (live + tokens));
      moveTogether((int) Math.min(maxRows, wanted));
    }
  }

  private void moveTogether(int newCapacity) {
    int[] kept = new int[live];
    List<Token> moved = new ArrayList<>(newCapacity);
    for (Token token : rows) {
      if (token.references > 0) {
        kept[moved.size()] = token.row;
        moved.add(token);
      }
    }
    for (int layer = 0; layer < keys.length; layer++) {
      keys[layer] = moved(keys[layer], kept, newCapacity);
      values[layer] = moved(values[layer], kept, newCapacity);
    }
    rows.clear();
    for (Token token : moved) {
      token.row = rows.size();
      rows.add(token);
    }
    capacity = newCapacity;
  }

  /** A wider copy whose first rows are the kept ones of the old array, moved in runs. */
  private Tensor moved(Tensor old, int[] kept, int newCapacity) {
    Tensor wider = Tensor.uninitialized(newCapacity, kvSize);
    int next;
    for (int first = 0; first < kept.length; first = next) {
      next = first + 1;
      while (next < kept.length && kept[next] == kept[next - 1] + 1) {
        next++;
      }
      wider.rows(first, next).assign(old.rows(kept[first], kept[first] + next - first));
    }
    if (old != null) {
      old.close();
    }
    return wider;
  }

  /** Keys of some rows of a layer, {@code [asked, kvSize]}, the caller's to close. */
  Tensor keys(int layer, int[] asked) {
    return pulled(keys[layer], asked);
  }

  /** Values of some rows of a layer, {@code [asked, kvSize]}, the caller's to close. */
  Tensor values(int layer, int[] asked) {
    return pulled(values[layer], asked);
  }

  private Tensor pulled(Tensor all, int[] asked) {
    Tensor some = Tensor.uninitialized(asked.length, kvSize);
    Nd4j.pullRows(all.array(), some.array(), 1, asked);
    return some;
  }

  /** Stores what a layer computed for reserved tokens in the rows after the used ones. */
  void store(int layer, Tensor newKeys, Tensor newValues) {
    int from = rows.size();
    int to = from + newKeys.array().rows();
    keys[layer].rows(from, to).assign(newKeys.array());
    values[layer].rows(from, to).assign(newValues.array());
  }

  /** Gives the next row, stored before, to a token that continues another (null for a root). */
  Token add(Token parent, float[] hidden) {
    Token token = new Token(parent, hidden);
    token.row = rows.size();
    rows.add(token);
    live++;
    token.references = 1;
    if (parent != null) {
      parent.references++;
    }
    return token;
  }

  /** One more path ends at this token. */
  void retain(Token token) {
    token.references++;
  }

  /** A path no longer ends at this token. */
  void release(Token token) {
    Token at = token;
    while (at != null && --at.references == 0) {
      live--;
      at = at.parent;
    }
  }

  /** Rows of a token and its ancestors, the latest first, from {@code at} on. */
  void rows(Token token, int[] to, int at) {
    int next = at;
    for (Token seen = token; seen != null; seen = seen.parent) {
      to[next++] = seen.row;
    }
  }

  @Override
  public void close() {
    for (int layer = 0; layer < keys.length; layer++) {
      if (keys[layer] != null) {
        keys[layer].close();
        values[layer].close();
        keys[layer] = null;
        values[layer] = null;
      }
    }
  }
}
