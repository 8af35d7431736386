package org.treepo4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class TokenTrieTest {

  @Property(tries = 200)
  void everyPrefixIsThereOnceAndEveryTokenFindsItsPath(@ForAll long seed) {
    Random random = new Random(seed);
    TokenTrie trie = new TokenTrie();
    List<TokenTree> trees = new ArrayList<>();
    List<int[]> indices = new ArrayList<>();
    Set<IntBuffer> prefixes = new HashSet<>();
    for (int t = 0; t < 3; t++) {
      TokenTree tree = treeFromFewTokens(random);
      long known = distinctPrefixes(tree).stream().filter(prefixes::contains).count();
      assertThat(trie.shared(tree)).isGreaterThanOrEqualTo((int) known);
      prefixes.addAll(distinctPrefixes(tree));
      trees.add(tree);
      indices.add(trie.addAll(tree));
      assertThat(trie.shared(tree)).isEqualTo(tree.size());
    }

    TokenTree merged = trie.toTree();

    assertThat(merged.size()).isEqualTo(trie.size()).isEqualTo(prefixes.size());
    assertThat(distinctPrefixes(merged)).isEqualTo(prefixes);
    for (int t = 0; t < trees.size(); t++) {
      for (int i = 0; i < trees.get(t).size(); i++) {
        assertThat(prefix(merged, indices.get(t)[i])).isEqualTo(prefix(trees.get(t), i));
      }
    }
  }

  @Example
  void aTreeHasOneRootAndNoTokenBehindNothing() {
    TokenTrie trie = new TokenTrie();
    assertThat(trie.find(-1, 5)).isEqualTo(-1);
    assertThatThrownBy(() -> trie.add(0, 5)).hasMessage("parent must be one of 0, was 0");
    assertThat(trie.add(-1, 5)).isZero();
    assertThat(trie.add(-1, 5)).isZero();
    assertThatThrownBy(() -> trie.add(-1, 6))
        .hasMessage("the tree begins with token 5 and cannot begin with 6");
    assertThat(trie.shared(TokenTree.chain(6, 5))).isZero();
    assertThat(trie.shared(TokenTree.chain(5, 6))).isEqualTo(1);
  }

  @Example
  void aTokenOfSeveralTreesHasTheExpertsOfTheFirstThatNamesAny() {
    TokenTrie trie = new TokenTrie();
    trie.addAll(TokenTree.chain(5, 6));
    trie.addAll(TokenTree.chain(5, 6, 7).withExperts(new short[] {1, 2, 3, 4, -1, -1}));
    trie.addAll(TokenTree.chain(5, 6, 7, 8).withExperts(new short[] {9, 9, 9, 9, 5, 6, 7, 8}));
    trie.add(-1, 5);
    trie.add(0, 9);
    TokenTree merged = trie.toTree();
    assertThat(merged.tokens()).containsExactly(5, 6, 7, 8, 9);
    assertThat(merged.experts()).isEqualTo(new short[] {1, 2, 3, 4, 5, 6, 7, 8, -1, -1});
    TokenTree other = TokenTree.chain(5).withExperts(new short[] {1, 2, 3});
    assertThatThrownBy(() -> trie.addAll(other))
        .hasMessage("a token must have 2 experts as in other trees, has 3");
    assertThatThrownBy(() -> merged.withExperts(new short[6]))
        .hasMessage("experts must be as many for each of 5 tokens, were 6 in all");
  }

  /** Three tokens only, so that much is equal, siblings too; the root is always the same. */
  private static TokenTree treeFromFewTokens(Random random) {
    int[] tokens = random.ints(1 + random.nextInt(30), 0, 3).toArray();
    tokens[0] = 0;
    int[] parents = new int[tokens.length];
    Arrays.setAll(parents, i -> i == 0 ? -1 : Math.max(0, i - 1 - random.nextInt(3)));
    return TokenTree.of(tokens, parents);
  }

  private static Set<IntBuffer> distinctPrefixes(TokenTree tree) {
    Set<IntBuffer> prefixes = new HashSet<>();
    for (int i = 0; i < tree.size(); i++) {
      prefixes.add(IntBuffer.wrap(prefix(tree, i)));
    }
    return prefixes;
  }

  private static int[] prefix(TokenTree tree, int token) {
    return Arrays.stream(tree.path(token)).map(i -> tree.tokens()[i]).toArray();
  }
}
