package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.List;

/**
 * A way from tokens back to text, as a stage that rewrites a stream of tokens for the next stage.
 * Decoding a list and decoding as ids come are the same code, so they agree.
 */
@FunctionalInterface
interface Decoder {
  /** A stage for one stream that hands on to {@code next}. */
  Stage before(Stage next);

  /** Takes a stream of tokens, each in one or more fragments. */
  interface Stage {
    void text(String fragment);

    void endToken();

    /** No more tokens. */
    void end();
  }

  /** Without a decoder, tokens are joined by spaces. */
  Decoder SPACES =
      next ->
          new Stage() {
            private boolean first = true;
            private boolean inToken;

            @Override
            public void text(String fragment) {
              if (!inToken && !first) {
                next.text(" ");
              }
              first = false;
              inToken = true;
              next.text(fragment);
            }

            @Override
            public void endToken() {
              inToken = false;
            }

            @Override
            public void end() {
              next.end();
            }
          };

  /** Reads the {@code decoder} of a tokenizer file. */
  static Decoder read(Section section) throws TokenizerException {
    String type = section.text("type");
    return switch (type) {
      case "Sequence" -> sequence(section);
      case "ByteLevel" -> ByteLevelStage::new;
      case "ByteFallback" -> ByteFallbackStage::new;
      case "Fuse" -> FuseStage::new;
      case "Metaspace" -> {
        String mark = Character.toString(section.character("replacement", '▁'));
        String scheme =
            section.text(
                "prepend_scheme", section.flag("add_prefix_space", true) ? "always" : "never");
        yield next -> new MetaspaceStage(next, mark, !scheme.equals("never"));
      }
      case "Strip" -> {
        char content = (char) section.character("content", ' ');
        int start = section.integer("start");
        int stop = section.integer("stop");
        yield next -> new StripStage(next, content, start, stop);
      }
      case "Replace" -> {
        TextFinder finder = section.finder("pattern");
        String content = section.text("content");
        yield next -> new ReplaceStage(next, finder, content);
      }
      case "BPEDecoder" -> {
        String suffix = section.text("suffix", "</w>");
        yield next -> new WordEndStage(next, suffix);
      }
      default -> throw section.unsupported("decoder " + type);
    };
  }

  private static Decoder sequence(Section section) throws TokenizerException {
    List<Decoder> decoders = new ArrayList<>();
    for (Section each : section.children("decoders")) {
      decoders.add(read(each));
    }
    return next -> {
      Stage stage = next;
      for (int i = decoders.size() - 1; i >= 0; i--) {
        stage = decoders.get(i).before(stage);
      }
      return stage;
    };
  }
}
