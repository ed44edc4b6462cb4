package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NanoSourcesTest {
  @TempDir Path temp;

  @Test
  void classesAreDistinctNounsThatDoNotHoldOneAnother() {
    List<ClassList.Noun> nouns = ClassList.nano().nouns();
    assertThat(nouns).hasSize(100);
    Set<String> colours = new HashSet<>();
    for (Colour c : Colour.values()) colours.add(c.word());
    for (ClassList.Noun a : nouns) {
      assertThat(a.name()).doesNotContain(" ").isLowerCase();
      assertThat(colours).doesNotContain(a.name());
      for (ClassList.Noun b : nouns) {
        if (a != b) {
          assertThat(a.name()).isNotEqualTo(b.plural());
          assertThat(a.codePoint()).isNotEqualTo(b.codePoint());
        }
      }
    }
  }

  @Test
  void wordsFollowEnglish() {
    ClassList list = ClassList.nano();
    assertThat(list.noun("apple").withArticle()).isEqualTo("an apple");
    assertThat(list.noun("sheep").counted(3)).isEqualTo("sheep");
    assertThat(list.noun("cherry").counted(0)).isEqualTo("cherries");
    assertThat(list.noun("gearbox").plural()).isEqualTo("gearboxes");
    assertThat(list.noun("fly").plural()).isEqualTo("flies");
    assertThat(list.noun("toy").plural()).isEqualTo("toys");
    assertThatThrownBy(() -> ClassList.parse("dog dogs"))
        .hasMessageContaining("line 1 has 2 words");
    assertThatThrownBy(() -> ClassList.parse("a as b c d\na as b c d"))
        .hasMessageContaining("listed twice");
  }

  @Test
  void packagesAreLaidOutAsSourceFolders() throws Exception {
    Path modules = temp.resolve("node_modules");
    for (ClassList.Noun n : ClassList.nano().nouns()) {
      boolean selector = n.name().equals("airplane");
      touch(
          modules.resolve(
              "emoji-datasource-google/img/google/64/"
                  + n.codePoint()
                  + (selector ? "-fe0f" : "")
                  + ".png"));
      touch(modules.resolve("@twemoji/svg/" + n.codePoint() + ".svg"));
      touch(modules.resolve("fluentui-emoji/icons/modern/" + n.fluent() + ".svg"));
      touch(modules.resolve("fluentui-emoji/icons/flat/" + n.fluent() + ".svg"));
    }
    for (String f : List.of("llama-tokenizer.js", "package.json", "LICENSE.md"))
      touch(modules.resolve("llama-tokenizer-js/" + f));
    Path out = temp.resolve("out");
    touch(out.resolve("sources/google/old.png"));
    List<Path> folders = NanoSources.layOut(modules, out);
    assertThat(folders).hasSize(4).allSatisfy(f -> assertThat(Files.list(f)).hasSize(100));
    assertThat(out.resolve("sources/google/airplane.png")).exists();
    assertThat(out.resolve("sources/fluent_flat/dog.svg")).exists();
    assertThat(out.resolve("llama-tokenizer-js/llama-tokenizer.js")).exists();
    Files.delete(modules.resolve("@twemoji/svg/1f415.svg"));
    assertThatThrownBy(() -> NanoSources.layOut(modules, out))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("1f415.svg");
  }

  private static void touch(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "x");
  }

  @Test
  void aMissingOrFailingNpmIsNamed() throws Exception {
    assertThatThrownBy(() -> NanoSources.fetch(temp.resolve("a"), "npm-that-does-not-exist"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("install Node.js");
    assertThatThrownBy(() -> NanoSources.fetch(temp.resolve("b"), "false"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("npm failed with exit code");
    assertThat(Files.list(temp.resolve("a"))).isEmpty();
  }
}
