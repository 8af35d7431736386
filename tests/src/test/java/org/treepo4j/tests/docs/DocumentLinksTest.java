package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Links between documents and into the code lead somewhere. */
class DocumentLinksTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");

  @Test
  void everyRelativeLinkLeadsToAFile() throws IOException {
    List<String> dead = new ArrayList<>();
    for (Page page : Page.all()) {
      Path folder = Page.ROOT.resolve(page.path()).getParent();
      for (String line : page.prose()) {
        Matcher link = LINK.matcher(line.replaceAll("`[^`]*`", "`"));
        while (link.find()) {
          String target = link.group(1);
          if (!target.matches("\\w+:.*") && !Files.exists(folder.resolve(target))) {
            dead.add(page.path() + ": " + target);
          }
        }
      }
    }
    assertThat(dead).isEmpty();
  }
}
