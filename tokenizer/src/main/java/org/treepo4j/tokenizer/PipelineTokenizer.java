package org.treepo4j.tokenizer;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/** The stages of a tokenizer file, one after the other. */
final class PipelineTokenizer implements Tokenizer {
  private final TokenizerParts parts;
  private final AddedTokens addedTokens;
  private final Map<Integer, AddedToken> addedById = new HashMap<>();
  private final Map<String, Integer> addedIds = new HashMap<>();
  private final int vocabSize;

  PipelineTokenizer(TokenizerParts parts) {
    this.parts = parts;
    int highest = parts.vocabulary().size() - 1;
    for (AddedToken token : parts.addedTokens()) {
      addedById.put(token.id(), token);
      addedIds.put(token.content(), token.id());
      highest = Math.max(highest, token.id());
    }
    this.vocabSize = highest + 1;
    this.addedTokens = new AddedTokens(parts.addedTokens(), parts.normalizer());
  }

  @Override
  public int[] encode(String text) {
    return encode(text, false);
  }

  @Override
  public int[] encode(String text, boolean addSpecialTokens) {
    IntList ids = new IntList();
    if (addSpecialTokens) {
      parts.postProcessor().before().forEach(ids::add);
    }
    split(
        text,
        (piece, start, end, first) -> parts.model().tokenize(piece, start, end, ids),
        ids::add);
    if (addSpecialTokens) {
      parts.postProcessor().after().forEach(ids::add);
    }
    return ids.toArray();
  }

  /** Tells the pieces that the model tokenizes, and the added tokens between them. */
  private void split(String text, PreTokenizer.Pieces pieces, IntConsumer added) {
    addedTokens.split(
        text,
        new AddedTokens.Parts() {
          @Override
          public void text(String piece, int start, int end, boolean atTextStart) {
            parts.preTokenizer().split(piece, start, end, atTextStart, pieces);
          }

          @Override
          public void token(int id) {
            added.accept(id);
          }
        });
  }

  @Override
  public DroppedCharacters dropped(String text) {
    Set<Integer> lost = parts.model().dropsCharacters() ? droppedByModel(text) : Set.of();
    if (lost.isEmpty()) {
      return DroppedCharacters.NONE;
    }
    // The model sees what a normalizer made of the text; who wrote it knows the text alone.
    Set<Integer> written =
        text.codePoints().boxed().collect(Collectors.toCollection(LinkedHashSet::new));
    Set<Integer> made = new LinkedHashSet<>(lost);
    made.removeAll(written);
    Set<Integer> named = new LinkedHashSet<>();
    Set<Integer> explained = new HashSet<>();
    for (int codePoint : written) {
      if (lost.contains(codePoint)) {
        named.add(codePoint);
      } else if (!made.isEmpty()) {
        Set<Integer> alone = droppedByModel(Character.toString(codePoint));
        if (!Collections.disjoint(alone, made)) {
          named.add(codePoint);
          explained.addAll(alone);
        }
      }
    }
    made.removeAll(explained);
    named.addAll(made);
    return new DroppedCharacters(named);
  }

  private Set<Integer> droppedByModel(String text) {
    Set<Integer> codePoints = new LinkedHashSet<>();
    split(
        text,
        (piece, start, end, first) -> parts.model().dropped(piece, start, end, codePoints::add),
        id -> {});
    return codePoints;
  }

  @Override
  public String decode(int[] ids, boolean keepSpecialTokens) {
    Decoding decoding = new Decoding(keepSpecialTokens);
    for (int id : ids) {
      decoding.accept(id);
    }
    decoding.stage.end();
    return decoding.text.toString();
  }

  @Override
  public StreamingDecoder streamingDecoder(boolean keepSpecialTokens) {
    return new Decoding(keepSpecialTokens);
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public boolean hasToken(int id) {
    return tokenOrNull(id) != null;
  }

  @Override
  public boolean isSpecial(int id) {
    AddedToken token = addedById.get(id);
    return token != null && token.special();
  }

  @Override
  public String token(int id) {
    String token = tokenOrNull(id);
    if (token == null) {
      throw new IllegalArgumentException("id " + id + " has no token");
    }
    return token;
  }

  @Override
  public OptionalInt id(String token) {
    Integer added = addedIds.get(token);
    int id = added != null ? added : parts.vocabulary().id(token);
    return id >= 0 ? OptionalInt.of(id) : OptionalInt.empty();
  }

  private String tokenOrNull(int id) {
    AddedToken added = addedById.get(id);
    return added != null ? added.content() : parts.vocabulary().token(id);
  }

  /** Ids going through the decoder's stages; the text that came out and was not yet given away. */
  private final class Decoding implements StreamingDecoder, Decoder.Stage {
    private final StringBuilder text = new StringBuilder();
    private final boolean keepSpecialTokens;
    private final Decoder.Stage stage;

    Decoding(boolean keepSpecialTokens) {
      this.keepSpecialTokens = keepSpecialTokens;
      this.stage = parts.decoder().before(this);
    }

    void accept(int id) {
      String token = tokenOrNull(id);
      if (token != null && (keepSpecialTokens || !isSpecial(id))) {
        stage.text(token);
        stage.endToken();
      }
    }

    @Override
    public String append(int id) {
      accept(id);
      return take();
    }

    @Override
    public String finish() {
      stage.end();
      return take();
    }

    private String take() {
      String taken = text.toString();
      text.setLength(0);
      return taken;
    }

    @Override
    public void text(String fragment) {
      text.append(fragment);
    }

    @Override
    public void endToken() {
      // Tokens are joined without anything between them.
    }

    @Override
    public void end() {
      // Everything has arrived.
    }
  }
}
