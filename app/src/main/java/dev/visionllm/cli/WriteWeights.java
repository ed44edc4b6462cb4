package dev.visionllm.cli;

import dev.visionllm.checkpoint.Item;
import dev.visionllm.checkpoint.ShardWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Writes planned weights file by file and says how far it is. */
final class WriteWeights {
  /** Most bytes of a file: what fits a download and a memory of few gigabytes. */
  static final long LARGEST = 2_000_000_000;

  /** What was written. */
  record Written(String out, long tensors, long parameters, long bytes, List<String> files) {
    String line() {
      return String.format(
          Locale.ROOT,
          "%s: %,d tensors, %,d parameters, %.1f MB in %d %s",
          out,
          tensors,
          parameters,
          bytes / 1e6,
          files.size(),
          files.size() == 1 ? "file" : "files");
    }
  }

  private WriteWeights() {}

  /** Writes all files and the index; progress goes to the command's error stream. */
  static Written run(CliCommand command, Path out, ShardWriter plan) throws IOException {
    long all = plan.items().mapToLong(Item::bytes).sum();
    long done = 0;
    for (ShardWriter.Shard shard : plan.shards()) {
      shard.write();
      done += shard.bytes();
      if (plan.shards().size() > 1) {
        command
            .err()
            .println(
                String.format(
                    Locale.ROOT,
                    "%s: %.1f of %.1f GB",
                    shard.file().getFileName(),
                    done / 1e9,
                    all / 1e9));
        command.err().flush();
      }
    }
    plan.finish();
    return new Written(
        out.toString(),
        plan.items().count(),
        plan.items().mapToLong(Item::numbers).sum(),
        all,
        plan.shards().stream().map(s -> s.file().getFileName().toString()).toList());
  }
}
