package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.text.ClipTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PhrasesTest {
  @Test
  void linesHaveAKeyAndParts() {
    Phrases p = Phrases.parse("x.txt", "# remark\n\na: one | two\na: three | four: five\nb: six\n");
    assertThat(p.keys()).containsExactly("a", "b");
    assertThat(p.all("a")).containsExactly(List.of("one", "two"), List.of("three", "four: five"));
    assertThat(p.any("b", new SplittableRandom(1))).containsExactly("six");
  }

  @Test
  void brokenLinesAreNamed() {
    assertThatThrownBy(() -> Phrases.parse("x.txt", "\nno key"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x.txt line 2");
    assertThatThrownBy(() -> Phrases.parse("x.txt", "a: one | two\na: three"))
        .hasMessageContaining("line 2 has 1 parts")
        .hasMessageContaining("2");
    assertThatThrownBy(() -> Phrases.parse("x.txt", "a: b").all("c"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("key c");
  }

  @Test
  void thingsAreCountedInWords() {
    ClassList.Noun dog = ClassList.nano().noun("dog");
    assertThat(Phrases.amount(dog, 1)).isEqualTo("a dog");
    assertThat(Phrases.amount(dog, 2)).isEqualTo("two dogs");
    assertThat(Phrases.amount(dog, 30)).isEqualTo("30 dogs");
    assertThat(Phrases.listed(List.of("a", "b", "c"))).isEqualTo("a, b and c");
    assertThat(Phrases.listed(List.of("a", "b"))).isEqualTo("a and b");
    assertThat(Phrases.listed(List.of("a"))).isEqualTo("a");
  }

  /** Of models/nano's picture decoders; what is not in it would fall into letters. */
  @Test
  void theShippedVocabularyHasAllWordsOfEditsAndClasses() throws IOException {
    Path models = Path.of("../models/nano");
    ClipTokenizer words = ClipTokenizer.read(models.resolve("sd/tokenizer"));
    List<String> texts = new ArrayList<>();
    Phrases edits = Phrases.builtIn("edits.txt");
    edits.keys().forEach(k -> edits.all(k).forEach(p -> texts.add(p.get(0))));
    ClassList.nano().nouns().forEach(n -> texts.add(Phrases.amount(n, 1) + ", two " + n.plural()));
    for (Colour c : Colour.values()) {
      texts.add(c.word());
    }
    assertThat(texts).hasSizeGreaterThan(200);
    for (String text : texts) {
      String own = text.replaceAll("[{][a-z]+[}]", "").replaceAll("[.,]", " $0").strip();
      assertThat(words.count(own)).as(own).isEqualTo(own.split(" +").length);
    }
    assertThat(models.resolve("ip2p/tokenizer/vocab.json"))
        .hasSameBinaryContentAs(models.resolve("sd/tokenizer/vocab.json"));
  }
}
