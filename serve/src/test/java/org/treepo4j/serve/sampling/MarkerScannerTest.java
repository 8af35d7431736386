package org.treepo4j.serve.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;

class MarkerScannerTest {

  @Property(tries = 500)
  void aTextIsCutWhereItsFirstMarkerIsComplete(
      @ForAll @CharRange(from = 'a', to = 'c') @StringLength(max = 30) String text,
      @ForAll @Size(min = 1, max = 3)
          List<@CharRange(from = 'a', to = 'c') @StringLength(min = 1, max = 4) String> markers) {
    MarkerScanner scanner = new MarkerScanner(markers);
    StringBuilder certain = new StringBuilder();
    int taken = 0;
    while (taken < text.length() && !scanner.found()) {
      certain.append(scanner.append(text.substring(taken, taken + 1)));
      taken++;
      assertThat(text).startsWith(certain);
    }
    String seen = text.substring(0, taken);
    assertThat(scanner.found()).isEqualTo(markers.stream().anyMatch(text::contains));
    if (scanner.found()) {
      int begin =
          markers.stream().filter(seen::contains).mapToInt(seen::indexOf).min().orElseThrow();
      assertThat(certain).hasToString(seen.substring(0, begin));
    } else {
      assertThat(certain + scanner.rest()).isEqualTo(text);
    }
  }
}
