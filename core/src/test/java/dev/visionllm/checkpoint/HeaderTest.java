package dev.visionllm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way a file can be wrong ends in one line that names file and tensor. */
class HeaderTest {
  @TempDir Path dir;

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of("[]", 0, "its header is a JSON array, should be an object"),
        Arguments.of("{\"a\":", 0, "its header is not valid JSON"),
        Arguments.of("{} {}", 0, "its header is not valid JSON"),
        Arguments.of("{\"a\":3}", 0, "a should be an object with dtype, shape and data_offsets"),
        Arguments.of("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "a has no dtype"),
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "a has no shape"),
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "a has no data_offsets"),
        Arguments.of(tensor("a", "F31", "1", "0,4"), 4, "a has dtype \"F31\", should be one of"),
        Arguments.of(
            "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "a has dtype 7"),
        Arguments.of(
            tensor("a", "F32", "-1", "0,4"),
            4,
            "a has shape [-1], should hold whole numbers from 0"),
        Arguments.of(tensor("a", "F32", "1.5", "0,4"), 4, "a has shape [1.5]"),
        Arguments.of(tensor("a", "F32", "\"1\"", "0,4"), 4, "a has shape [\"1\"]"),
        Arguments.of(tensor("a", "F32", "99999999999999999999", "0,4"), 4, "a has shape"),
        Arguments.of(
            tensor("a", "F32", "4294967296,4294967296", "0,4"),
            4,
            "a of shape [4294967296, 4294967296] is larger than any file can be"),
        Arguments.of(
            tensor("a", "U8", "9223372036854775807", "0,9223372036854775807"),
            4,
            "is larger than any file can be"),
        Arguments.of(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":3,\"data_offsets\":[0,4]}}",
            4,
            "a has shape 3, should be a list of whole numbers"),
        Arguments.of(tensor("a", "F32", "1", "4,0"), 4, "a has data_offsets [4, 0]"),
        Arguments.of(tensor("a", "F32", "1", "0,4,8"), 8, "a has data_offsets [0, 4, 8]"),
        Arguments.of(
            tensor("a", "F32", "2", "0,4"), 4, "a has 4 bytes, its shape [2] in F32 needs 8"),
        Arguments.of(
            two(tensor("a", "F32", "2", "0,8"), tensor("b", "F32", "2", "4,12")),
            12,
            "b overlaps a by 4 bytes"),
        Arguments.of(
            two(tensor("a", "F32", "1", "0,4"), tensor("b", "F32", "1", "8,12")),
            12,
            "between a and b are 4 bytes of no tensor"),
        Arguments.of(
            tensor("a", "F32", "1", "4,8"), 8, "between the header and a are 4 bytes of no tensor"),
        Arguments.of(tensor("a", "F32", "2", "0,8"), 7, "is cut short: it has"),
        Arguments.of(tensor("a", "F32", "1", "0,4"), 7, "has 3 bytes of no tensor behind a"),
        Arguments.of(
            two(tensor("a", "F32", "1", "0,4"), tensor("a", "F32", "1", "4,8")),
            8,
            "its header is not valid JSON: Duplicate"),
        Arguments.of("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ a should be a text"),
        Arguments.of("{\"__metadata__\":\"a\"}", 0, "__metadata__ should be an object of texts"));
  }

  private static String tensor(String name, String dtype, String shape, String offsets) {
    return String.format(
        "{\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s]}}",
        name, dtype, shape, offsets);
  }

  private static String two(String a, String b) {
    return a.substring(0, a.length() - 1) + "," + b.substring(1);
  }

  private Path file(long length, byte[] rest) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(8 + rest.length).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(length).put(rest);
    return Files.write(dir.resolve("m.safetensors"), all.array());
  }

  private Path file(String header, int data) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return file(text.length, java.util.Arrays.copyOf(text, text.length + data));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void refuses(String header, int data, String message) throws IOException {
    Path file = file(header, data);
    assertThatThrownBy(() -> SafeTensors.open(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void refusesWhatIsNoSafetensorsFile() throws IOException {
    Path empty = Files.write(dir.resolve("empty.safetensors"), new byte[0]);
    assertThatThrownBy(() -> SafeTensors.open(empty))
        .hasMessage(empty + ": is no safetensors file: it has 0 bytes, the shortest has 10");
    Path text = Files.writeString(dir.resolve("text.safetensors"), "this is only text");
    assertThatThrownBy(() -> SafeTensors.open(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is no safetensors file, or only a part of one");
    Path negative = file(-1, new byte[10]);
    assertThatThrownBy(() -> SafeTensors.open(negative))
        .hasMessageContaining("should have 18446744073709551615 bytes");
    Path latin = file(3, new byte[] {'{', (byte) 0xE9, '}'});
    assertThatThrownBy(() -> SafeTensors.open(latin)).hasMessageContaining("not UTF-8 text");
    assertThatThrownBy(() -> SafeTensors.open(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(dir + ": is not a file");
    Path none = dir.resolve("none.safetensors");
    assertThatThrownBy(() -> SafeTensors.open(none))
        .isInstanceOf(IOException.class)
        .hasMessage(none + ": there is no such file");
  }

  @Test
  void refusesAnAbsurdlyLongHeader() throws IOException {
    Path file = dir.resolve("long.safetensors");
    try (var f = new java.io.RandomAccessFile(file.toFile(), "rw")) { // sparse
      f.setLength(Header.LONGEST + 100);
      f.write(
          ByteBuffer.allocate(8)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(Header.LONGEST + 1)
              .array());
    }
    assertThatThrownBy(() -> SafeTensors.open(file))
        .hasMessage(file + ": its header has 100000001 bytes, should have at most 100000000");
  }

  @Test
  void acceptsEmptyTensorsPaddingAndMetadata() throws IOException {
    String header =
        two(tensor("a", "F32", "0,3", "0,0"), two(tensor("b", "BOOL", "", "0,1"), "{}"))
            .replace(",}", ",\"__metadata__\":{\"format\":\"pt\"}}   ");
    SafeTensors f = SafeTensors.open(file(header, 1));
    assertThat(f.entries().keySet()).containsExactly("a", "b");
    assertThat(f.metadata()).containsEntry("format", "pt");
  }
}
