package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.TokenTrie;

/**
 * Trees that go through an engine in one pass, those that begin alike merged: prompts with the same
 * system prompt or the same worked examples compute it once, equal prompts whole.
 */
public final class MicroBatch {
  /** A tree is merged where that saves one of so many tokens of it. */
  private static final int WORTHWHILE = 16;

  /**
   * Tokens beyond which a merged tree takes no more: an engine's attention may be dense over it.
   */
  private static final int LARGEST = 1024;

  private final List<TokenTrie> merged = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private long tokens;

  /**
   * Where a tree went.
   *
   * @param tree number of the merged tree
   * @param indices in it of the tree's tokens, {@code [size]}
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  public record Place(int tree, int[] indices) {}

  private MicroBatch() {}

  /**
   * Micro-batches whose merged tokens stay within a budget, in order; a tree above the budget is a
   * micro-batch of its own.
   *
   * @param budget tokens per micro-batch
   * @throws IllegalArgumentException when the budget is not positive
   */
  public static List<MicroBatch> split(List<TokenTree> trees, int budget) {
    if (budget <= 0) {
      throw new IllegalArgumentException("budget must be positive, was " + budget);
    }
    List<MicroBatch> batches = new ArrayList<>();
    MicroBatch open = new MicroBatch();
    for (TokenTree tree : trees) {
      int trie = open.mostAlike(tree);
      long more = tree.size() - (trie < 0 ? 0 : open.merged.get(trie).shared(tree));
      if (open.tokens > 0 && open.tokens + more > budget) {
        batches.add(open);
        open = new MicroBatch();
        trie = -1;
      }
      open.add(tree, trie);
    }
    if (open.tokens > 0) {
      batches.add(open);
    }
    return batches;
  }

  /** The merged tree that has most of a tree and is worth joining; −1 for none. */
  private int mostAlike(TokenTree tree) {
    int best = -1;
    int most = 0;
    for (int i = 0; i < merged.size(); i++) {
      TokenTrie trie = merged.get(i);
      int shared = trie.shared(tree);
      boolean worthwhile = (long) shared * WORTHWHILE >= tree.size();
      if (shared > most && worthwhile && trie.size() + tree.size() - shared <= LARGEST) {
        best = i;
        most = shared;
      }
    }
    return best;
  }

  private void add(TokenTree tree, int trie) {
    int number = trie;
    if (number < 0) {
      number = merged.size();
      merged.add(new TokenTrie());
    }
    TokenTrie target = merged.get(number);
    tokens -= target.size();
    places.add(new Place(number, target.addAll(tree)));
    tokens += target.size();
  }

  /** Where every tree of this micro-batch went, in the order of the call. */
  public List<Place> places() {
    return places;
  }

  /** The merged trees. */
  public List<TokenTree> trees() {
    return merged.stream().map(TokenTrie::toTree).toList();
  }

  /**
   * The training trees of this micro-batch, merged. A token of several trees has the recorded
   * log-probabilities and experts of the first; those of the others differ by rounding at most,
   * being of the same policy behind the same tokens.
   *
   * @param trees one for each of {@link #places}
   */
  public List<TrainingTree> merge(List<TrainingTree> trees) {
    if (trees.size() != places.size()) {
      throw new IllegalArgumentException(
          "expected " + places.size() + " trees, got " + trees.size());
    }
    List<TokenTree> tokenTrees = trees();
    List<TrainingTree> result = new ArrayList<>();
    for (int number = 0; number < tokenTrees.size(); number++) {
      result.add(merge(number, tokenTrees.get(number), trees));
    }
    return result;
  }

  private TrainingTree merge(int number, TokenTree tokenTree, List<TrainingTree> trees) {
    List<int[]> paths = new ArrayList<>();
    List<double[]> advantages = new ArrayList<>();
    float[] old = new float[tokenTree.size()];
    float[] reference = trees.get(0).referenceLogprobs() == null ? null : new float[old.length];
    float[] behaviour = trees.get(0).behaviourLogprobs() == null ? null : new float[old.length];
    for (int i = 0; i < places.size(); i++) {
      if (places.get(i).tree() != number) {
        continue;
      }
      int[] indices = places.get(i).indices();
      for (int[] path : trees.get(i).paths()) {
        int[] moved = new int[path.length];
        for (int t = 0; t < path.length; t++) {
          moved[t] = indices[path[t]];
        }
        paths.add(moved);
      }
      advantages.addAll(List.of(trees.get(i).advantages()));
    }
    for (int i = places.size() - 1; i >= 0; i--) { // the first comes last and stays
      if (places.get(i).tree() == number) {
        scatter(trees.get(i).oldLogprobs(), places.get(i).indices(), old);
        if (reference != null) {
          scatter(trees.get(i).referenceLogprobs(), places.get(i).indices(), reference);
        }
        if (behaviour != null) {
          scatter(trees.get(i).behaviourLogprobs(), places.get(i).indices(), behaviour);
        }
      }
    }
    return new TrainingTree(
        tokenTree,
        paths.toArray(int[][]::new),
        advantages.toArray(double[][]::new),
        old,
        reference,
        behaviour);
  }

  private static void scatter(float[] values, int[] indices, float[] to) {
    for (int t = 0; t < indices.length; t++) {
      to[indices[t]] = values[t];
    }
  }
}
