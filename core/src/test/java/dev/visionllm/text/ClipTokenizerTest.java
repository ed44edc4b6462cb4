package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipTokenizerTest {
  private static final Path FILES = Path.of("src/test/resources/goldens/sd_text_encoder");
  private static final int START = 521;
  private static final int END = 522;

  private ClipTokenizer tokenizer;

  @BeforeEach
  void load() throws IOException {
    tokenizer = ClipTokenizer.read(FILES);
  }

  @Test
  void caseSpacesAndCompositionDoNotMatter() {
    int[] plain = tokenizer.encode("the caf\u00e9 on the dog", 30);
    assertThat(tokenizer.encode("  The\tCAF\u00c9 \n on the   DOG ", 30)).isEqualTo(plain);
    assertThat(tokenizer.encode("the cafe\u0301 on the dog", 30)).isEqualTo(plain);
  }

  @Test
  void framesPadsAndCuts() {
    assertThat(tokenizer.encode("", 4)).containsExactly(START, END, END, END);
    int[] cut = tokenizer.encode("the cat on the dog", 4);
    assertThat(cut).hasSize(4).startsWith(START).endsWith(END);
    assertThat(cut).isNotEqualTo(tokenizer.encode("", 4));
    assertThat(tokenizer.count("the cat")).isEqualTo(tokenizer.count("the CAT "));
    assertThatThrownBy(() -> tokenizer.encode("x", 1))
        .hasMessage("length is 1, should be at least 2");
  }

  @Test
  void digitsStandAloneAndSignsStayTogether() {
    assertThat(tokenizer.count("42")).isEqualTo(2);
    assertThat(tokenizer.count("!!")).isEqualTo(2); // one word, but no merge of its bytes
    assertThat(tokenizer.encode("a1", 5)).isEqualTo(tokenizer.encode("a 1", 5));
    assertThat(tokenizer.encode("dog's", 9)).isEqualTo(tokenizer.encode("dog 's", 9));
  }

  @Test
  void specialTokensInTheTextAreTaken() {
    assertThat(tokenizer.encode("<|startoftext|><|endoftext|>", 5))
        .containsExactly(START, START, END, END, END);
  }

  @Test
  void refusesDamagedFiles(@TempDir Path dir) throws IOException {
    String vocabulary = Files.readString(FILES.resolve("vocab.json"));
    String merges = Files.readString(FILES.resolve("merges.txt"));
    assertThatThrownBy(() -> ClipTokenizer.read(dir))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no vocab.json");
    assertRefused("{", merges, "vocab.json is not JSON");
    assertRefused("[]", merges, "should be a JSON object");
    assertRefused("{\"a\": -1}", merges, "not an id");
    assertRefused("{}", merges, "no token '<|startoftext|>'");
    assertRefused(vocabulary, merges + "z z\n", "no token 'zz'");
    assertRefused(vocabulary, merges + "one two three\n", "should be two pieces");
  }

  private static void assertRefused(String vocabulary, String merges, String message) {
    assertThatThrownBy(() -> ClipTokenizer.of(vocabulary, merges, "files"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("files: ")
        .hasMessageContaining(message);
  }
}
