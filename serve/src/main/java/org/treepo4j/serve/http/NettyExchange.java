package org.treepo4j.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** An exchange on a channel; its state belongs to the channel's event loop. */
final class NettyExchange implements Exchange {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

  private final Channel channel;
  private final int unsentBytes;
  private final BooleanSupplier serverCloses;
  private final Runnable done;
  private final String method;
  private final String path;
  private final HttpHeaders headers;
  private final HttpVersion version;
  private final boolean keepAlive;
  private final byte[] body;
  private Runnable hangUp = () -> {};
  private boolean answered;
  private boolean gone;
  private boolean closing;

  /**
   * @param serverCloses whether connections are to be closed after their response
   * @param done runs when the response is complete and the connection stays
   */
  NettyExchange(
      Channel channel,
      FullHttpRequest request,
      int unsentBytes,
      BooleanSupplier serverCloses,
      Runnable done) {
    this.channel = channel;
    this.unsentBytes = unsentBytes;
    this.serverCloses = serverCloses;
    this.done = done;
    method = request.method().name();
    path = path(request.uri());
    headers = request.headers();
    version = request.protocolVersion();
    keepAlive = HttpUtil.isKeepAlive(request);
    body = ByteBufUtil.getBytes(request.content());
  }

  @Override
  public String method() {
    return method;
  }

  /** Without the query; as it was sent where its percent signs do not stand for UTF-8. */
  private static String path(String uri) {
    QueryStringDecoder decoder = new QueryStringDecoder(uri);
    try {
      return decoder.path();
    } catch (IllegalArgumentException e) {
      return decoder.rawPath();
    }
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  @Override
  public byte[] body() {
    return body;
  }

  @Override
  public boolean isFromThisMachine() {
    return channel.remoteAddress() instanceof InetSocketAddress address
        && address.getAddress().isLoopbackAddress();
  }

  @Override
  public void execute(Runnable work) {
    channel.eventLoop().execute(work);
  }

  @Override
  public void onHangUp(Runnable action) {
    inLoop(
        () -> {
          if (gone) {
            action.run();
          } else if (!answered) {
            hangUp = action;
          }
        });
  }

  /** The client has hung up. */
  void hungUp() {
    if (!answered) {
      answered = true;
      gone = true;
      hangUp.run();
    }
  }

  /** No other request comes on this connection after the response. */
  void closeAfterwards() {
    closing = true;
  }

  @Override
  public void respond(int status, String contentType, byte[] content, Map<String, String> more) {
    inLoop(
        () -> {
          if (answered) {
            return;
          }
          ByteBuf sent =
              method.equals(HttpMethod.HEAD.name())
                  ? Unpooled.EMPTY_BUFFER
                  : Unpooled.wrappedBuffer(content);
          DefaultFullHttpResponse response =
              new DefaultFullHttpResponse(
                  HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), sent);
          response.headers().set(HttpHeaderNames.CONTENT_TYPE, contentType);
          response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, content.length);
          more.forEach((name, value) -> response.headers().set(name, value));
          finish(response, response.headers());
        });
  }

  @Override
  public void startEvents() {
    inLoop(
        () -> {
          DefaultHttpResponse response =
              new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
          response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
          response.headers().set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
          if (version.equals(HttpVersion.HTTP_1_0)) {
            closing = true; // the end of the connection is the end of the response
          } else {
            HttpUtil.setTransferEncodingChunked(response, true);
          }
          announceConnection(response.headers());
          send(response);
        });
  }

  @Override
  public void sendEvent(byte[] data) {
    inLoop(() -> send(new DefaultHttpContent(Unpooled.wrappedBuffer(DATA, data, END))));
  }

  @Override
  public void endEvents() {
    inLoop(
        () -> {
          if (!answered) {
            finish(LastHttpContent.EMPTY_LAST_CONTENT, null);
          }
        });
  }

  private void send(HttpObject part) {
    if (answered) {
      return;
    }
    channel.writeAndFlush(part);
    long unsent =
        channel.unsafe().outboundBuffer() == null
            ? 0
            : channel.unsafe().outboundBuffer().totalPendingWriteBytes();
    if (unsent > unsentBytes) {
      channel.close(); // reads too slowly to be waited for
    }
  }

  private void finish(HttpObject last, HttpHeaders announce) {
    answered = true;
    hangUp = () -> {};
    if (announce != null) {
      announceConnection(announce);
    }
    ChannelFuture written = channel.writeAndFlush(last);
    if (staysOpen()) {
      done.run();
    } else {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  private boolean staysOpen() {
    return keepAlive && !closing && !serverCloses.getAsBoolean();
  }

  private void announceConnection(HttpHeaders response) {
    if (!staysOpen()) {
      response.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (version.equals(HttpVersion.HTTP_1_0)) {
      response.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
  }

  private void inLoop(Runnable work) {
    if (channel.eventLoop().inEventLoop()) {
      work.run();
    } else {
      channel.eventLoop().execute(work);
    }
  }
}
