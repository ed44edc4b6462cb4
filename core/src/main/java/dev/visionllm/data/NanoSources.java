package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings the picture sets and the vocabulary that the nano model is trained from, through npm, and
 * lays them out as source folders: {@code sources/google}, {@code sources/twemoji}, {@code
 * sources/fluent}, {@code sources/fluent_flat}, each with one file per class of {@link
 * ClassList#nano()}, and {@code llama-tokenizer-js}.
 */
public final class NanoSources {
  /** What npm is asked for, with the licences of the contents. */
  public static final List<String> PACKAGES =
      List.of(
          "emoji-datasource-google@16.0.0", // Apache-2.0
          "@twemoji/svg@15.0.0", // CC-BY 4.0
          "fluentui-emoji@1.3.0", // MIT
          "llama-tokenizer-js@1.2.2"); // MIT

  private NanoSources() {}

  /**
   * Fetches the packages and lays their files out.
   *
   * @param out folder to write to; what is there already under the same names is replaced
   * @param npm name or path of npm's client
   * @return the source folders
   * @throws IOException if npm is missing or fails
   */
  public static List<Path> fetch(Path out, String npm) throws IOException, InterruptedException {
    Files.createDirectories(out);
    Path temporary = Files.createTempDirectory(out, ".npm");
    try {
      install(npm, temporary);
      return layOut(temporary.resolve("node_modules"), out);
    } finally {
      PackageClient.delete(temporary);
    }
  }

  private static void install(String npm, Path folder) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                npm,
                "install",
                "--prefix",
                folder.toAbsolutePath().toString(),
                "--no-save",
                "--ignore-scripts"));
    command.addAll(List.of("--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"));
    command.addAll(PACKAGES);
    PackageClient.run(
        "npm", command, folder, "install Node.js with npm, then run this command again");
  }

  /** Copies the files of the classes from a folder of installed packages. */
  static List<Path> layOut(Path modules, Path out) throws IOException {
    Path google = PackageClient.fresh(out.resolve("sources/google"));
    Path twemoji = PackageClient.fresh(out.resolve("sources/twemoji"));
    Path fluent = PackageClient.fresh(out.resolve("sources/fluent"));
    Path flat = PackageClient.fresh(out.resolve("sources/fluent_flat"));
    Path googleFrom = modules.resolve("emoji-datasource-google/img/google/64");
    Path twemojiFrom = modules.resolve("@twemoji/svg");
    Path fluentFrom = modules.resolve("fluentui-emoji/icons");
    for (ClassList.Noun noun : ClassList.nano().nouns()) {
      String file = noun.name().replace(' ', '_');
      // the Google set keeps the variation selector of code points that need one, Twemoji drops it
      Path png = googleFrom.resolve(noun.codePoint() + ".png");
      if (!Files.exists(png)) png = googleFrom.resolve(noun.codePoint() + "-fe0f.png");
      copy(png, google.resolve(file + ".png"));
      copy(twemojiFrom.resolve(noun.codePoint() + ".svg"), twemoji.resolve(file + ".svg"));
      copy(
          fluentFrom.resolve("modern").resolve(noun.fluent() + ".svg"),
          fluent.resolve(file + ".svg"));
      copy(fluentFrom.resolve("flat").resolve(noun.fluent() + ".svg"), flat.resolve(file + ".svg"));
    }
    Path vocabulary = PackageClient.fresh(out.resolve("llama-tokenizer-js"));
    for (String name : List.of("llama-tokenizer.js", "package.json", "LICENSE.md")) {
      copy(modules.resolve("llama-tokenizer-js").resolve(name), vocabulary.resolve(name));
    }
    return List.of(google, twemoji, fluent, flat);
  }

  private static void copy(Path from, Path to) throws IOException {
    if (!Files.exists(from)) {
      throw new IOException(
          "a fetched package lacks "
              + from.getFileName()
              + ", which "
              + to.getFileName()
              + " is made of");
    }
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }
}
