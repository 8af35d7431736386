package org.treepo4j.tokenizer;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.tokenizer.regex.UnicodeSets;

/**
 * Finds added tokens in a text, the leftmost first and the longest of those, and normalises what
 * lies between them: first the tokens that stand for themselves, then, in the normalised text,
 * those that are looked for there. Where normalising makes tokens equal, special ones come before
 * others and the first of those before the next.
 */
final class AddedTokens {
  private final TokenTrie plain = new TokenTrie();
  private final TokenTrie normalized = new TokenTrie();
  private final Normalizer normalizer;

  AddedTokens(Collection<AddedToken> tokens, Normalizer normalizer) {
    this.normalizer = normalizer;
    tokens.stream().filter(AddedToken::special).forEach(this::add);
    tokens.stream().filter(token -> !token.special()).forEach(this::add);
  }

  private void add(AddedToken token) {
    if (token.normalized()) {
      normalized.add(normalizer.normalize(token.content()), token);
    } else {
      plain.add(token.content(), token);
    }
  }

  /** Takes the parts of a text, in order. */
  interface Parts {
    /** Normalised text from {@code start} to {@code end}; {@code atTextStart}: it comes first. */
    void text(String text, int start, int end, boolean atTextStart);

    /** An added token. */
    void token(int id);
  }

  void split(String text, Parts parts) {
    split(
        plain,
        text,
        0,
        text.length(),
        new Parts() {
          @Override
          public void text(String piece, int start, int end, boolean atTextStart) {
            String whole =
                start == 0 && end == piece.length() ? piece : piece.substring(start, end);
            String normal = normalizer.normalize(whole);
            AddedTokens.split(normalized, normal, 0, normal.length(), atStart(parts, atTextStart));
          }

          @Override
          public void token(int id) {
            parts.token(id);
          }
        });
  }

  private static Parts atStart(Parts parts, boolean outerAtStart) {
    return new Parts() {
      @Override
      public void text(String text, int start, int end, boolean atTextStart) {
        parts.text(text, start, end, outerAtStart && atTextStart);
      }

      @Override
      public void token(int id) {
        parts.token(id);
      }
    };
  }

  private static void split(TokenTrie trie, String text, int start, int end, Parts parts) {
    int done = start;
    int at = start;
    while (at < end) {
      TokenTrie.Match match = trie.longestAt(text, at, end);
      if (match == null) {
        at++;
        continue;
      }
      AddedToken token = match.token();
      int tokenStart = at;
      int tokenEnd = match.end();
      at = tokenEnd;
      if (token.singleWord() && (wordBefore(text, tokenStart) || wordAt(text, tokenEnd))) {
        continue;
      }
      while (token.lstrip() && tokenStart > done && isSpace(text.charAt(tokenStart - 1))) {
        tokenStart--;
      }
      while (token.rstrip() && tokenEnd < end && isSpace(text.charAt(tokenEnd))) {
        tokenEnd++;
      }
      if (token.lstrip() && tokenEnd <= done) {
        continue; // it is among the spaces that the token before took
      }
      if (tokenStart > done) {
        parts.text(text, done, tokenStart, done == 0);
      }
      parts.token(token.id());
      done = tokenEnd;
    }
    if (done < end) {
      parts.text(text, done, end, done == 0);
    }
  }

  private static boolean isSpace(char c) {
    return UnicodeSets.WHITE_SPACE.contains(c);
  }

  private static boolean wordBefore(String text, int at) {
    return at > 0 && UnicodeSets.WORD.contains(text.codePointBefore(at));
  }

  private static boolean wordAt(String text, int at) {
    return at < text.length() && UnicodeSets.WORD.contains(text.codePointAt(at));
  }

  /** Tokens by their characters. */
  private static final class TokenTrie {
    private final Node root = new Node();

    /** Which of the first 128 characters begin a token; beyond, {@code true} at the last place. */
    private final boolean[] begins = new boolean[129];

    record Match(AddedToken token, int end) {}

    private static final class Node {
      private final Map<Character, Node> children = new HashMap<>(4);
      private AddedToken token;
    }

    void add(String content, AddedToken token) {
      if (content.isEmpty()) {
        return;
      }
      begins[Math.min(content.charAt(0), 128)] = true;
      Node node = root;
      for (int i = 0; i < content.length(); i++) {
        node = node.children.computeIfAbsent(content.charAt(i), c -> new Node());
      }
      if (node.token == null) {
        node.token = token;
      }
    }

    Match longestAt(String text, int from, int end) {
      if (!begins[Math.min(text.charAt(from), 128)]) {
        return null;
      }
      Match longest = null;
      Node node = root;
      for (int at = from; at < end; at++) {
        node = node.children.get(text.charAt(at));
        if (node == null) {
          break;
        }
        if (node.token != null) {
          longest = new Match(node.token, at + 1);
        }
      }
      return longest;
    }
  }
}
