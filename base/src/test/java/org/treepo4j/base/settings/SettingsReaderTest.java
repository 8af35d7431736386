package org.treepo4j.base.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsReaderTest {
  enum Order {
    FIRST_COME,
    BEST_FIRST
  }

  record Inner(int width, List<String> names) {
    public static Inner defaults() {
      return new Inner(4, List.of("a"));
    }

    Inner {
      if (width <= 0) {
        throw new IllegalArgumentException("width must be positive, was " + width);
      }
    }
  }

  record Outer(
      Path model,
      double rate,
      Order order,
      boolean on,
      Integer limit,
      Inner inner,
      Map<String, String> options) {
    public static Outer defaults() {
      return new Outer(
          Path.of("m"), 0.5, Order.FIRST_COME, false, null, Inner.defaults(), Map.of());
    }
  }

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("run.yaml");
  }

  @Test
  void keysLeftOutKeepTheirDefaults() throws IOException {
    assertThat(read("rate: 1e-3"))
        .isEqualTo(
            new Outer(
                Path.of("m"), 1e-3, Order.FIRST_COME, false, null, Inner.defaults(), Map.of()));
    assertThat(read("")).isEqualTo(Outer.defaults());
  }

  @Test
  void everyKindOfValueIsRead() throws IOException {
    Outer outer =
        read(
            """
            model: sub/dir
            rate: 2
            order: best-first
            on: true
            limit: 7
            inner:
              width: 9
              names: [x, 3]
            options: {std: false, eta: 0.9}
            """);
    assertThat(outer.model()).isEqualTo(folder.toAbsolutePath().resolve("sub/dir"));
    assertThat(outer.rate()).isEqualTo(2);
    assertThat(outer.order()).isEqualTo(Order.BEST_FIRST);
    assertThat(outer.limit()).isEqualTo(7);
    assertThat(outer.inner()).isEqualTo(new Inner(9, List.of("x", "3")));
    assertThat(outer.options()).isEqualTo(Map.of("std", "false", "eta", "0.9"));
  }

  @Test
  void overridesWinAndTheirPathsStartAtTheWorkingFolder() throws IOException {
    Outer outer = read("inner: {width: 2}", "inner.width=3", "order=BEST_FIRST", "model=x/y");
    assertThat(outer.inner().width()).isEqualTo(3);
    assertThat(outer.order()).isEqualTo(Order.BEST_FIRST);
    assertThat(outer.model()).isEqualTo(Path.of("x/y"));
  }

  record DataFiles(List<Path> train, Path one) {
    public static DataFiles defaults() {
      return new DataFiles(List.of(), null);
    }
  }

  record Places(Map<String, Path> named, List<DataFiles> sets, DataFiles data) {
    public static Places defaults() {
      return new Places(Map.of(), List.of(), DataFiles.defaults());
    }
  }

  /** A value given whole on the command line: everything in it comes from there. */
  @Test
  void pathsInsideListsMapsAndRecordsOfOverridesStartAtTheWorkingFolder() throws IOException {
    Path here = Path.of("a.jsonl");
    assertThat(places("", "data.train=[a.jsonl, a.jsonl]").data().train())
        .containsExactly(here, here);
    assertThat(places("", "data.train=a.jsonl").data().train()).containsExactly(here);
    assertThat(places("", "data={train: [a.jsonl], one: a.jsonl}").data())
        .isEqualTo(new DataFiles(List.of(here), here));
    assertThat(places("", "named={x: a.jsonl}", "named.y=a.jsonl").named())
        .isEqualTo(Map.of("x", here, "y", here));
    assertThat(places("", "sets=[{train: [a.jsonl], one: a.jsonl}]").sets())
        .containsExactly(new DataFiles(List.of(here), here));
  }

  @Test
  void pathsOfTheFileBesideAnOverrideStartAtTheFile() throws IOException {
    Places places =
        places(
            """
            data: {train: [a.jsonl], one: a.jsonl}
            named: {x: a.jsonl}
            """,
            "data.train=[a.jsonl]",
            "named.xy=a.jsonl");
    Path beside = folder.toAbsolutePath().resolve("a.jsonl");
    assertThat(places.data()).isEqualTo(new DataFiles(List.of(Path.of("a.jsonl")), beside));
    assertThat(places.named()).isEqualTo(Map.of("x", beside, "xy", Path.of("a.jsonl")));
  }

  @Test
  void pathsInListsAndMapsAreWrittenSoThatTheyReadBackTheSame() throws IOException {
    Places places = places("named: {x: a.jsonl}\nsets: [{train: [b.jsonl], one: c.jsonl}]");
    assertThat(places(SettingsWriter.yaml(places))).isEqualTo(places);
  }

  private Places places(String yaml, String... overrides) throws IOException {
    Files.writeString(file, yaml);
    return SettingsReader.read(Places.class, file, List.of(overrides));
  }

  @Test
  void unknownKeysAreNamedWithTheNearestKnown() {
    refused("inner: {widht: 2}", "inner.widht: unknown setting; did you mean width?");
    refused("zzzzzzzzzz: 1", "zzzzzzzzzz: unknown setting; known are model, rate, order");
  }

  @Test
  void wrongTypesAreNamedWithWhatIsExpected() {
    refused("rate: fast", "rate: expected a number, was \"fast\"");
    refused("inner: {width: 2.5}", "inner.width: expected a whole number, was 2.5");
    refused("order: last", "order: expected one of first_come, best_first, was \"last\"");
    refused("on: maybe", "on: expected true or false, was \"maybe\"");
    refused("inner: 3", "inner: expected settings (width, names), was 3");
    refused("rate:", "rate: expected a number, was nothing");
  }

  record Demanding(@Setting(value = "what to load", required = true) Path model, int steps) {
    public static Demanding defaults() {
      return new Demanding(null, 3);
    }
  }

  @Test
  void requiredSettingsAreAskedFor() {
    assertThatThrownBy(() -> SettingsReader.read(Demanding.class, null, List.of("steps=4")))
        .hasMessage("model: missing, expected a path");
    assertThat(SettingsReader.read(Demanding.class, null, List.of("model=m")))
        .isEqualTo(new Demanding(Path.of("m"), 3));
  }

  @Test
  void valuesARecordRefusesAreNamedWithTheirPath() {
    refused("inner: {width: -3}", "inner.width must be positive, was -3");
  }

  @Test
  void brokenFilesAreNamedWithTheLine() {
    refused("rate: 1\nrate: 2", "line 2: field 'rate' stands twice");
    refused("a: [1", "run.yaml: line");
    refused("- 1", "expected settings as key: value lines");
    assertThatThrownBy(() -> SettingsReader.read(Outer.class, folder.resolve("no.yaml"), List.of()))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("no.yaml: no such file");
  }

  @Test
  void whatTheYamlLibrarySaysIsPlain() {
    refused("rate: 1\n\tsteps: 2\n", "while scanning for the next token, found character");
    refused("rate: \"abc\n", "while scanning a quoted scalar, found unexpected end of stream");
    refused("? [a, b]\n: 3\n", "line 1: expected the name of a setting");
    refused("rate: 010\n", "line 1: 010 is an octal number in YAML");
    refused("rate: -07\n", "line 1: -07 is an octal number in YAML");
  }

  @Test
  void brokenOverridesAreNamed() {
    assertThatThrownBy(() -> read("", "rate"))
        .hasMessageContaining("--set rate: expected key=value");
    assertThatThrownBy(() -> read("", "rate.x=1")).hasMessageContaining("rate: expected a number");
  }

  /** Nobody looks for a mistake of the command line in a file. */
  @Test
  void whatAnOverrideGaveIsNamedWithoutTheFile() {
    overrideRefused("rate=fast", "--set rate: expected a number, was \"fast\"");
    overrideRefused("inner.width=-3", "--set inner.width must be positive, was -3");
    overrideRefused("inner={width: -3}", "--set inner.width must be positive, was -3");
    overrideRefused("inner.widht=3", "--set inner.widht: unknown setting; did you mean width?");
    overrideRefused("innr.width=3", "--set innr: unknown setting; did you mean inner?");
    overrideRefused("inner.names=[{a: 1}]", "--set inner.names[0]: expected text");
    overrideRefused("limit.x=1", "--set limit: expected a whole number");
    overrideRefused("rate=.nan", "--set rate: ");
    refused("inner: {width: -3}", "inner.width must be positive", "rate=1", "inner.names=[b]");
    refused("rate: fast", "rate: expected a number", "on=true", "inner.width=3");
  }

  private void overrideRefused(String override, String message) {
    assertThatThrownBy(() -> read("on: true", override))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void anOverrideThatYamlCannotReadSaysHowTextIsQuoted() throws IOException {
    assertThatThrownBy(() -> read("", "model=[0-4]$"))
        .hasMessage(
            "--set model=[0-4]$: not YAML: line 1: expected '<document start>', but found"
                + " '<scalar>'; text with such characters stands in quotes: model='[0-4]$'");
    assertThat(read("", "model='[0-4]\\b$'").model()).hasToString("[0-4]\\b$");
  }

  @Test
  void whatIsWrittenReadsBackAsTheSameRecord() throws IOException {
    Outer outer =
        read(
            "order: best_first\nrate: 0.000001\nmodel: x\ninner: {names: ['1', 'true', 'a: b']}\noptions: {eta: 0.9}");
    assertThat(read(SettingsWriter.yaml(outer))).isEqualTo(outer);
  }

  record Varying(
      @Setting(value = "may", mayChange = true) int threads,
      @Setting(value = "beside", inline = true) Inner beside,
      Inner inner,
      Order order,
      Path none) {}

  @Test
  void fixedSettingsAreThoseARunMustNotChangeByDottedKey() {
    Varying settings =
        new Varying(2, new Inner(3, List.of("a")), new Inner(4, List.of()), Order.BEST_FIRST, null);
    assertThat(SettingsComparison.fixed(settings))
        .isEqualTo(
            Map.of(
                "width",
                3,
                "names",
                List.of("a"),
                "inner.width",
                4,
                "inner.names",
                List.of(),
                "order",
                "best_first"));
  }

  private void refused(String yaml, String message, String... overrides) {
    assertThatThrownBy(() -> read(yaml, overrides))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  private Outer read(String yaml, String... overrides) throws IOException {
    Files.writeString(file, yaml);
    return SettingsReader.read(Outer.class, file, List.of(overrides));
  }
}
