package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
}
