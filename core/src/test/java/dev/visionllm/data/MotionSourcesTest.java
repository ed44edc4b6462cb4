package dev.visionllm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.figures.MadeMotion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MotionSourcesTest {
  @TempDir Path dir;

  @Test
  void aFolderIsCheckedAndCopied() throws Exception {
    Path from = Files.createDirectories(dir.resolve("from/deeper"));
    MadeMotion.person(from.resolve("a.BVH"), "");
    MadeMotion.person(dir.resolve("from/b.bvh"), "mixamorig:");
    Files.writeString(from.resolve("readme.txt"), "x");
    Path old = Files.createDirectories(dir.resolve("out/motion"));
    Files.writeString(old.resolve("old.bvh"), "x");
    MotionSources.Fetched fetched = MotionSources.copy(dir.resolve("from"), dir.resolve("out"));
    assertThat(fetched).isEqualTo(new MotionSources.Fetched(old, 4));
    assertThat(Files.list(old))
        .extracting(f -> f.getFileName().toString())
        .containsExactlyInAnyOrder("a.BVH", "b.bvh");
    // what was copied is never copied onto itself
    assertThatThrownBy(() -> MotionSources.copy(dir.resolve("out"), dir.resolve("out")))
        .hasMessageContaining("would be replaced");
    assertThat(Files.list(old)).hasSize(2);
    MadeMotion.person(from.resolve("b.bvh"), "");
    assertThatThrownBy(() -> MotionSources.copy(dir.resolve("from"), dir.resolve("out")))
        .hasMessageContaining("two files of the name b.bvh");
    Files.writeString(from.resolve("b.bvh"), "HIERARCHY\nROOT\n");
    assertThatThrownBy(() -> MotionSources.copy(from, dir.resolve("out")))
        .hasMessageContaining("b.bvh line 2");
    assertThat(Files.list(old)).hasSize(2);
  }

  @Test
  void foldersWithoutMotionAreRefused() {
    assertThatThrownBy(() -> MotionSources.copy(dir, dir.resolve("out")))
        .hasMessageContaining("holds no .bvh files");
    assertThatThrownBy(() -> MotionSources.copy(dir.resolve("none"), dir.resolve("out")))
        .hasMessageContaining("does not exist");
  }

  @Test
  void aMissingOrFailingClientIsNamed() throws Exception {
    assertThatThrownBy(() -> MotionSources.fetch(dir.resolve("a"), "apt-get-that-does-not-exist"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("apt-get cannot be run")
        .hasMessageContaining("--from");
    assertThatThrownBy(() -> MotionSources.fetch(dir.resolve("b"), "false"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("apt-get failed with exit code");
    assertThat(Files.list(dir.resolve("a"))).isEmpty();
  }
}
