package org.treepo4j.serve;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/**
 * A model without weights whose decoder keeps the port's contract strictly. A mebibyte of cache
 * holds one token.
 */
public final class FakeLm implements CausalLm {
  public static final int POSITIONS = 512;

  private final Logits logits;
  private volatile Thread owner;
  private volatile boolean closed;
  private volatile Runnable beforeBatch = () -> {};

  /** Logits of the next token from all tokens before it. */
  @FunctionalInterface
  public interface Logits {
    float[] after(int[] path);
  }

  public FakeLm(Logits logits) {
    this.logits = logits;
  }

  /** Every path has logits of its own, made up from its tokens. */
  public static FakeLm random() {
    return new FakeLm(
        path -> {
          Random random = new Random(Arrays.hashCode(path));
          float[] row = new float[CharTokenizer.VOCABULARY];
          for (int i = 0; i < row.length; i++) {
            row[i] = (float) (2 * random.nextGaussian());
          }
          return row;
        });
  }

  /** Says the text after every prompt that ends with {@code >}, and ends. */
  public static FakeLm saying(String text) {
    return new FakeLm(
        path -> {
          int begin = 1;
          while (path[begin - 1] != '>' || !isAnswer(path, begin, text)) {
            begin++;
          }
          int said = path.length - begin;
          float[] row = new float[CharTokenizer.VOCABULARY];
          row[said < text.length() ? text.charAt(said) : 0] = 100;
          return row;
        });
  }

  private static boolean isAnswer(int[] path, int begin, String text) {
    for (int i = begin; i < path.length; i++) {
      if (i - begin >= text.length() || path[i] != text.charAt(i - begin)) {
        return false;
      }
    }
    return true;
  }

  /** Runs before every batch, on the thread that samples. */
  public FakeLm beforeBatch(Runnable action) {
    beforeBatch = action;
    return this;
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public ModelConfig config() {
    return new ModelConfig(
        Architecture.LLAMA,
        CharTokenizer.VOCABULARY,
        8,
        1,
        1,
        1,
        8,
        8,
        POSITIONS,
        1e-6,
        10_000,
        RopeScaling.NONE,
        false,
        false,
        false,
        true,
        -1,
        List.of(0));
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions options) {
    owner = Thread.currentThread();
    return new Decoder(options.maxCacheBytes() >> 20);
  }

  @Override
  public Weights weights() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void weightsChanged() {
    throw new UnsupportedOperationException();
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class Decoder implements BranchingDecoder {
    private final long maxTokens;
    private final Set<FakePath> live = Collections.newSetFromMap(new IdentityHashMap<>());
    private long computed;
    private long batches;
    private float[][] rows = new float[0][];

    Decoder(long maxTokens) {
      this.maxTokens = maxTokens;
    }

    @Override
    public int vocabSize() {
      return CharTokenizer.VOCABULARY;
    }

    @Override
    public List<Path> prefill(List<Prompt> prompts) {
      begin();
      prompts.forEach(prompt -> mine(prompt.before()));
      makeRoom(prompts.stream().mapToInt(prompt -> prompt.tokens().length).sum());
      return prompts.stream().map(this::compute).toList();
    }

    private Path compute(Prompt prompt) {
      Token end = prompt.before() == null ? null : mine(prompt.before()).end;
      if (prompt.tokens().length == 0) {
        throw new IllegalArgumentException("nothing to compute");
      }
      for (int token : prompt.tokens()) {
        end = append(end, token);
      }
      return hold(end);
    }

    private Token append(Token before, int token) {
      computed++;
      Token longer = new Token(before, token, before == null ? 1 : before.length + 1);
      if (longer.length > POSITIONS || token < 0 || token >= vocabSize()) {
        throw new IllegalArgumentException("no such token or position");
      }
      return longer;
    }

    private Path hold(Token end) {
      FakePath path = new FakePath(end);
      live.add(path);
      return path;
    }

    @Override
    public Path fork(Path path, int length) {
      begin();
      Token end = mine(path).end;
      if (length < 1 || length > end.length) {
        throw new IllegalArgumentException("cannot fork " + length);
      }
      while (end.length > length) {
        end = end.before;
      }
      return hold(end);
    }

    @Override
    public void append(List<? extends Path> paths, int[] tokens) {
      begin();
      beforeBatch.run();
      if (Set.copyOf(paths).size() != tokens.length) {
        throw new IllegalArgumentException("paths and tokens do not fit");
      }
      makeRoom(tokens.length);
      for (int i = 0; i < tokens.length; i++) {
        FakePath path = mine(paths.get(i));
        path.end = append(path.end, tokens[i]);
      }
      batches++;
    }

    @Override
    public float[][] nextLogits(List<? extends Path> paths) {
      begin();
      rows = new float[paths.size()][];
      Arrays.setAll(rows, i -> logits.after(mine(paths.get(i)).end.path()));
      return rows;
    }

    @Override
    public void release(Path path) {
      live.remove(mine(path));
    }

    @Override
    public DecoderStatistics statistics() {
      return new DecoderStatistics(computed, batches, live.size(), held(), held() << 20);
    }

    @Override
    public void close() {
      if (!live.isEmpty()) {
        throw new IllegalStateException(live.size() + " paths were not released");
      }
    }

    private void begin() {
      if (Thread.currentThread() != owner) {
        throw new IllegalStateException("used by " + Thread.currentThread());
      }
      for (float[] row : rows) {
        Arrays.fill(row, Float.NaN);
      }
      rows = new float[0][];
    }

    private void makeRoom(int tokens) {
      if (held() + tokens > maxTokens) {
        throw new CacheFullException((held() + tokens) << 20, maxTokens << 20);
      }
    }

    private long held() {
      Set<Token> held = Collections.newSetFromMap(new IdentityHashMap<>());
      for (FakePath path : live) {
        for (Token token = path.end; token != null && held.add(token); ) {
          token = token.before;
        }
      }
      return held.size();
    }

    private FakePath mine(Path path) {
      if (path == null) {
        return null;
      }
      if (!(path instanceof FakePath fake) || !live.contains(fake)) {
        throw new IllegalArgumentException("released or foreign path");
      }
      return fake;
    }
  }

  private static final class FakePath implements BranchingDecoder.Path {
    private Token end;

    FakePath(Token end) {
      this.end = end;
    }

    @Override
    public int length() {
      return end.length;
    }
  }

  private record Token(Token before, int id, int length) {
    int[] path() {
      int[] path = new int[length];
      for (Token token = this; token != null; token = token.before) {
        path[token.length - 1] = token.id;
      }
      return path;
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}
