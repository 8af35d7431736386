package org.treepo4j.tests.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Markdown page of the project.
 *
 * @param path from the project's root
 * @param prose its lines outside of fences
 * @param fences its code blocks
 */
record Page(Path path, List<String> prose, List<Fence> fences) {
  static final Path ROOT = Path.of(System.getProperty("treepo.root", "..")).toAbsolutePath();
  private static final String MARKER = "<!-- test: ";

  /**
   * A code block.
   *
   * @param language what follows the opening backticks
   * @param marker text of the {@code <!-- test: … -->} comment on the line before; empty without
   * @param lines its content
   */
  record Fence(String language, String marker, List<String> lines) {}

  /** README.md and all pages of docs and examples. */
  static List<Page> all() throws IOException {
    List<Page> pages = new ArrayList<>(List.of(read(ROOT.resolve("README.md"))));
    for (String folder : new String[] {"docs", "examples"}) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".md")).sorted().toList()) {
          pages.add(read(file));
        }
      }
    }
    return pages;
  }

  static Page read(Path file) throws IOException {
    List<String> prose = new ArrayList<>();
    List<Fence> fences = new ArrayList<>();
    List<String> inside = null;
    String marker = "";
    for (String line : Files.readAllLines(file)) {
      String stripped = line.strip();
      if (inside != null) {
        if (stripped.equals("```")) {
          inside = null;
        } else {
          inside.add(line);
        }
      } else if (stripped.startsWith("```")) {
        inside = new ArrayList<>();
        fences.add(new Fence(stripped.substring(3).strip(), marker, inside));
        marker = "";
      } else {
        prose.add(line);
        marker =
            stripped.startsWith(MARKER)
                ? stripped.substring(MARKER.length(), stripped.indexOf("-->")).strip()
                : "";
      }
    }
    return new Page(ROOT.relativize(file), prose, fences);
  }

  String text() throws IOException {
    return Files.readString(ROOT.resolve(path));
  }
}
