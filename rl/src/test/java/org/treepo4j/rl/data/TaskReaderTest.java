package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SharedData;

class TaskReaderTest {
  @TempDir private Path folder;

  @Test
  void recognisesTheFormsOfRows() throws IOException {
    assertThat(only("{\"prompt\": \"2+2\", \"answer\": 4}"))
        .extracting(t -> t.prompt().text(), Task::answer)
        .containsExactly("2+2", "4");
    assertThat(only("{\"question\": \"q\", \"answer\": \"1+1=2\\n#### 2\"}").answer())
        .isEqualTo("2");
    assertThat(
            only("{\"problem\": \"q\", \"solution\": \"so $\\\\boxed{\\\\frac{1}{2}}$.\"}")
                .answer())
        .isEqualTo("\\frac{1}{2}");
    assertThat(only("{\"problem\": \"q\", \"answer\": \"7\", \"type\": \"Algebra\"}").category())
        .isEqualTo("Algebra");
    Task verl =
        only(
            "{\"data_source\": \"gsm8k\", \"prompt\": [{\"role\": \"user\", \"content\": \"q\"}],"
                + " \"reward_model\": {\"style\": \"rule\", \"ground_truth\": \"5\"}}");
    assertThat(verl.prompt()).isInstanceOf(Prompt.Conversation.class);
    assertThat(verl.answer()).isEqualTo("5");
    assertThat(verl.category()).isEqualTo("gsm8k");
    assertThat(
            only("{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"solution\": \"5\"}"))
        .extracting(Task::answer)
        .isEqualTo("5");
    assertThat(only("{\"prompt\": \"p\", \"answer\": {\"target\": 5, \"numbers\": [1]}}").answer())
        .isEqualTo("{\"target\":5,\"numbers\":[1]}");
    assertThat(only("{\"input\": \"p\", \"target\": 43.0}").answer()).isEqualTo("43");
  }

  @Test
  void threeLinesMapAnyRow() throws IOException {
    FieldMapping mapping = new FieldMapping("a.b", "c", "d");
    Path file = write("x.jsonl", "{\"a\": {\"b\": \"p\"}, \"c\": \"r\", \"d\": 3}");
    assertThat(TaskReader.read(file, mapping))
        .containsExactly(new Task("x.jsonl:1", new Prompt.Text("p"), "r", "3", "x.jsonl"));
  }

  @Test
  void readsJsonArraysWithLineNumbers() throws IOException {
    Path file = write("a.json", "[\n{\"prompt\": \"p\", \"answer\": \"1\"},\n{\"p\": \"q\"}\n]");
    assertThatThrownBy(() -> TaskReader.read(file))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("a.json:3: expected prompt and answer")
        .hasMessageContaining("was an object with p;");
  }

  @Test
  void aBadRowIsNamedByFileLineFieldAndWish() throws IOException {
    assertBad("{\"prompt\": 5, \"answer\": \"1\"}", "x.jsonl:1: prompt: expected text or messages");
    assertBad(
        "{\"prompt\": \"p\", \"answer\": null}", "x.jsonl:1: answer: expected text or a number");
    assertBad("{\"prompt\": \"p\", \"answer\": [1, 2]}", "was list");
    assertBad(
        "{\"prompt\": [{\"role\": \"user\"}], \"answer\": \"1\"}", "prompt[0].content: expected");
    assertBad("{\"prompt\": \"p\"", "x.jsonl:1: expected one JSON object");
    assertBad("[1]\n", "expected one JSON object, was 1");
    assertBad("7", "x.jsonl:1: expected one JSON object, was 7");
    assertBad("{}", "no fields");
    assertBad("", "expected at least one row");
    assertThatThrownBy(() -> TaskReader.read(folder.resolve("none.jsonl")))
        .hasMessageContaining("no such file");
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Path file = folder.resolve("b.jsonl");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
    assertThatThrownBy(() -> TaskReader.read(file)).hasMessageContaining("expected UTF-8");
  }

  @Test
  void rowsGluedTogetherAreRefusedWithTheirLine() throws IOException {
    String row = "{\"prompt\": \"p\", \"answer\": 1}";
    assertBad(row + "\n" + row + row + "\n", "x.jsonl:2: expected one JSON object: text after the");
    assertBad(row + " , }} not json", "x.jsonl:1: expected one JSON object: text after the object");
    assertBad("[" + row + "]\n" + row, "text after the list");
    assertBad("[" + row + "]]", "text after the list");
  }

  @Test
  void aFieldThatStandsTwiceIsNamedWithItsLine() throws IOException {
    String row = "{\"prompt\": \"p\", \"answer\": 1}";
    String twice = "{\"prompt\": \"p\", \"answer\": 1, \"answer\": 2}";
    assertBad(
        row + "\n" + twice, "x.jsonl:2: expected one JSON object: field 'answer' stands twice");
    assertBad("[" + row + ",\n" + twice + "]", "x.jsonl:2: expected a JSON array: field 'answer'");
    assertBad(
        "{\"prompt\": \"p\", \"answer\": 1, \"x\": {\"a\":1,\"a\":1}}", "field 'a' stands twice");
  }

  @Test
  void aSolutionWithoutAnAnswerInItsPlaceIsRefused() throws IOException {
    for (String solution :
        new String[] {"so \\\\boxed{}", "so \\\\boxed{ }", "so it is 5\\n####", "#### "}) {
      assertBad(
          "{\"problem\": \"p\", \"solution\": \"" + solution + "\"}",
          "x.jsonl:1: solution: expected an answer in \\boxed{…} or behind ####, was empty");
    }
  }

  @Test
  void tablesAreNoRows() throws IOException {
    Path file = Files.writeString(folder.resolve("x.csv"), "prompt,answer\np,1\n");
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessage(file + ": is CSV, expected JSON lines, a JSON array or Parquet");
  }

  @Test
  void halfOfASurrogatePairIsRefusedInFieldsThatAreRead() throws IOException {
    assertBad(
        "{\"prompt\": \"p\", \"answer\": 1}\n{\"prompt\": \"a \\ud800 b\", \"answer\": 1}",
        "x.jsonl:2: prompt: expected Unicode text, has half of a surrogate pair, \\ud800");
    assertBad(
        "{\"prompt\": \"p\", \"answer\": \"\\udfff\"}", "x.jsonl:1: answer: expected Unicode");
    assertBad(
        "{\"prompt\": \"p\", \"answer\": {\"a\": [\"\\udfff\"]}}", "x.jsonl:1: answer.a[0]: exp");
    assertBad(
        "{\"prompt\": [{\"role\": \"user\", \"content\": \"\\udc00\\ud800\"}], \"answer\": \"1\"}",
        "x.jsonl:1: prompt[0].content: expected Unicode text");
    Path file = folder.resolve("x.jsonl");
    Files.writeString(
        file, "{\"prompt\": \"\\ud83d\\ude00\", \"answer\": 1, \"nobody reads\": \"\\ud800\"}");
    assertThat(TaskReader.read(file)).hasSize(1);
  }

  @Test
  void marksAndNumbersThatNobodyReadsArePassedOver() throws IOException {
    String row = "{\"prompt\":\"p\",\"answer\":\"1\",\"rate\":NaN,\"d\":{\"x\":[Infinity]}}";
    for (String text :
        List.of("\uFEFF" + row, row + "\n\uFEFF" + row, "\uFEFF[" + row + "]", "\uFEFF\n" + row)) {
      Path file = folder.resolve("x.jsonl");
      Files.writeString(file, text);
      assertThat(TaskReader.read(file)).isNotEmpty();
    }
    assertBad("{\"prompt\":\"p\",\"answer\":NaN}", "answer: expected text or a number, was NaN");
    assertBad("{\"prompt\":\"p\",\"answer\":-Infinity}", "was -Infinity");
  }

  @Test
  void aHugeExponentStaysAsItIsWritten() throws IOException {
    Path file = folder.resolve("x.jsonl");
    Files.writeString(file, "{\"prompt\":\"p\",\"answer\":1e999999999}\n");
    assertThat(TaskReader.read(file).get(0).answer()).isEqualTo("1E+999999999");
  }

  @Test
  void theLineThatIsNoUtf8IsNamed() throws IOException {
    Path file = folder.resolve("x.jsonl");
    byte[] row = "{\"prompt\":\"p\",\"answer\":1}\n{\"prompt\":\"€".getBytes();
    Files.write(file, Arrays.copyOf(row, row.length - 1));
    assertThatThrownBy(() -> TaskReader.read(file)).hasMessage(file + ":2: expected UTF-8 text");
  }

  @Test
  void readsParquetAsTheSameRowsInJsonLines() throws IOException {
    Path parquet = SharedData.require("arithmetic-sequence-hf/train.parquet");
    List<Task> lines = TaskReader.read(parquet.resolveSibling("train.jsonl"));
    List<Task> rows = TaskReader.readPrompts(parquet);
    assertThat(texts(rows)).isEqualTo(texts(lines));
    assertThatThrownBy(() -> TaskReader.read(parquet))
        .hasMessageContaining("train.parquet:row 1: answer: expected text or a number, was absent");
  }

  private static List<String> texts(List<Task> tasks) {
    return tasks.stream().map(t -> t.prompt().text()).toList();
  }

  @Test
  void aDamagedParquetFileIsRefusedInOneLine() throws IOException {
    byte[] bytes = Files.readAllBytes(SharedData.require("arithmetic-sequence-hf/train.parquet"));
    for (int cut : new int[] {12, 100, bytes.length / 2, bytes.length - 1}) {
      Path file = folder.resolve("cut" + cut + ".parquet");
      Files.write(file, Arrays.copyOf(bytes, cut));
      assertThatThrownBy(() -> TaskReader.read(file)).isInstanceOf(DataException.class);
    }
    for (int at = 4; at < bytes.length; at += 97) {
      byte[] changed = bytes.clone();
      changed[at] ^= 0x5a;
      Path file = folder.resolve("changed.parquet");
      Files.write(file, changed);
      try {
        TaskReader.read(file);
      } catch (DataException e) {
        assertThat(e.getMessage()).startsWith(file.toString());
      }
    }
  }

  @Test
  void readsTheSharedFiles() throws IOException {
    assertThat(TaskReader.read(SharedData.require("math/gsm8k_train.jsonl")))
        .hasSize(7473)
        .first()
        .extracting(Task::answer)
        .isEqualTo("72");
    assertThat(TaskReader.read(SharedData.require("math/mawps_addsub.jsonl"))).isNotEmpty();
  }

  @Test
  void summarisesWhatWasUnderstood() throws IOException {
    DataSummary summary =
        DataSummary.of(
            SharedData.require("math/math_train7474.json"),
            FieldMapping.defaults(),
            Optional.of(prompt -> prompt.text().length() / 4));
    assertThat(summary.format()).isEqualTo("MATH_ANSWER");
    assertThat(summary.rows()).isEqualTo(7472 + 2L);
    assertThat(summary.tasks()).isEqualTo(summary.rows() - 2);
    assertThat(summary.badRows()).hasSize(2).first().asString().contains("answer: expected text");
    assertThat(summary.categories()).containsKey("Algebra");
    assertThat(summary.promptCharacters().max()).isGreaterThan(summary.promptCharacters().median());
    assertThat(summary.promptTokens()).isPresent();
  }

  private Task only(String row) throws IOException {
    return TaskReader.read(write("x.jsonl", row)).get(0);
  }

  private void assertBad(String text, String message) throws IOException {
    Path file = write("x.jsonl", text);
    assertThatThrownBy(() -> TaskReader.read(file))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(message)
        .hasMessageStartingWith(file.toString());
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }
}
