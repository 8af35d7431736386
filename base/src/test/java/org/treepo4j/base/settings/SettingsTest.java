package org.treepo4j.base.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {

  record Engine(@Setting("which") String name, @Setting("how many") int threads) {
    public static Engine defaults() {
      return new Engine("auto", 0);
    }
  }

  record Inner(@Setting("width") int width, @Setting("share") double share) {
    public static Inner defaults() {
      return new Inner(4, 0.5);
    }

    public Inner {
      if (width <= 0) {
        throw new IllegalArgumentException("width must be positive, was " + width);
      }
    }
  }

  record Outer(
      @Setting(value = "where", required = true) Path folder,
      @Setting(value = "engine", inline = true) Engine engine,
      @Setting("inner") Inner inner,
      @Setting("ids") List<Integer> ids) {
    public static Outer defaults() {
      return new Outer(null, Engine.defaults(), Inner.defaults(), List.of());
    }
  }

  private static final Path FOLDER = Path.of("/tmp/somewhere");

  @Test
  void whatIsNotSetKeepsItsDefault() {
    Outer made =
        Settings.of(Outer.class)
            .set("folder", FOLDER)
            .set("inner.width", 8)
            .set("threads", 2)
            .set("ids", List.of(1, 2))
            .build();
    assertThat(made)
        .isEqualTo(new Outer(FOLDER, new Engine("auto", 2), new Inner(8, 0.5), List.of(1, 2)));
  }

  @Test
  void aRecordIsChangedInACopy() {
    Outer before = new Outer(FOLDER, new Engine("vector", 1), new Inner(3, 0.25), List.of(7));
    Outer after = Settings.of(before).set("inner", new Inner(5, 1)).set("name", "other").build();
    assertThat(after)
        .isEqualTo(new Outer(FOLDER, new Engine("other", 1), new Inner(5, 1), List.of(7)));
    assertThat(before.inner().width()).isEqualTo(3);
  }

  @Test
  void refusalsNameTheKey() {
    Settings<Outer> settings = Settings.of(Outer.class).set("folder", FOLDER);
    assertThatThrownBy(() -> settings.set("inner.width", 0).build())
        .isInstanceOf(SettingsException.class)
        .hasMessage("inner.width must be positive, was 0");
    assertThatThrownBy(
            () -> Settings.of(Outer.class).set("folder", FOLDER).set("inner.widht", 1).build())
        .hasMessageContaining("inner.widht: unknown setting; did you mean width?");
    assertThatThrownBy(() -> settings.set("inner", 3).build())
        .hasMessageContaining("inner: expected settings (width, share), was 3");
    assertThatThrownBy(() -> Settings.of(Outer.class).build())
        .hasMessageContaining("folder: missing");
  }

  @Test
  void inlinedSettingsStandBesideTheOthers() {
    assertThat(
            SettingsWriter.yaml(new Outer(FOLDER, Engine.defaults(), Inner.defaults(), List.of())))
        .contains("\nname: auto\n", "\nthreads: 0\n")
        .doesNotContain("engine");
    assertThat(SettingsReference.markdown(Outer.class))
        .contains("| `threads` |", "| `inner.width` |");
    assertThat(
            SettingsComparison.changes(
                new Outer(FOLDER, new Engine("a", 0), Inner.defaults(), List.of()),
                new Outer(FOLDER, new Engine("b", 0), Inner.defaults(), List.of())))
        .containsExactly("name was a, is b");
  }
}
