package org.treepo4j.serve.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Listens on one address and hands requests to a handler. */
public final class HttpServer implements AutoCloseable {
  private static final int MAX_LINE = 4096;
  private static final int MAX_HEADERS = 16 << 10;
  private static final int MAX_CHUNK = 16 << 10;
  private static final int EVENTS_OF_A_WRITE = 256;
  private static final int THREADS = 2;
  private static final int CLOSE_MILLISECONDS = 2000;

  private final EventLoopGroup loops;
  private final AtomicInteger connections = new AtomicInteger();
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Channel listening;
  private volatile boolean closing;

  /**
   * Starts to listen.
   *
   * @param address port 0 for any that is free
   * @param tls empty for plain HTTP
   * @param refusal what is answered to requests that never reach the handler
   * @throws IOException when the address cannot be listened on
   */
  public HttpServer(
      InetSocketAddress address,
      Optional<TlsFiles> tls,
      HttpLimits limits,
      Exchange.Handler handler,
      Exchange.Refusal refusal)
      throws IOException {
    Optional<SslContext> ssl = tls.isPresent() ? Optional.of(tls.get().open()) : Optional.empty();
    loops =
        new MultiThreadIoEventLoopGroup(
            THREADS, new DefaultThreadFactory("http", true), NioIoHandler.newFactory());
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    init(channel, ssl, limits, handler, refusal);
                  }
                });
    try {
      listening = bootstrap.bind(address).syncUninterruptibly().channel();
    } catch (Exception e) { // Netty throws the cause as it is, an unchecked IOException of its own
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      throw new IOException(
          "cannot listen on %s:%d: %s"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          e);
    }
  }

  private void init(
      Channel channel,
      Optional<SslContext> ssl,
      HttpLimits limits,
      Exchange.Handler handler,
      Exchange.Refusal refusal) {
    if (connections.incrementAndGet() > limits.connections()) {
      connections.decrementAndGet();
      channel.close();
      return;
    }
    channel.closeFuture().addListener(closed -> connections.decrementAndGet());
    open.add(channel);
    ChannelPipeline pipeline = channel.pipeline();
    ssl.ifPresent(context -> pipeline.addLast(context.newHandler(channel.alloc())));
    pipeline
        .addLast(new FlushConsolidationHandler(EVENTS_OF_A_WRITE, true)) // of those told together
        .addLast(new WriteTimeoutHandler(limits.writeTime().toMillis(), TimeUnit.MILLISECONDS))
        .addLast(new HttpServerCodec(MAX_LINE, MAX_HEADERS, MAX_CHUNK))
        .addLast(new RequestDeadlines(limits))
        .addLast(new BoundedAggregator(limits.bodyBytes(), refusal))
        .addLast(new ConnectionHandler(handler, refusal, limits, () -> closing));
  }

  /** The port it listens on. */
  public int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  /** Connections that are open. */
  public int connections() {
    return connections.get();
  }

  /** Takes no more connections, and closes each of those it has after its response. */
  public void stopAccepting() {
    closing = true;
    listening.close().syncUninterruptibly();
  }

  /** Closes all connections once their responses are written, or after two seconds. */
  @Override
  public void close() {
    stopAccepting();
    // Behind what was handed to the connections' threads before.
    open.forEach(channel -> channel.pipeline().fireUserEventTriggered(ConnectionHandler.CLOSE));
    open.newCloseFuture().awaitUninterruptibly(CLOSE_MILLISECONDS);
    loops.shutdownGracefully(0, CLOSE_MILLISECONDS, TimeUnit.MILLISECONDS).syncUninterruptibly();
  }

  /** Answers a body that is too large in JSON. */
  private static final class BoundedAggregator extends HttpObjectAggregator {
    private final int maxBytes;
    private final Exchange.Refusal refusal;

    BoundedAggregator(int maxBytes, Exchange.Refusal refusal) {
      super(maxBytes);
      this.maxBytes = maxBytes;
      this.refusal = refusal;
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
      byte[] body = refusal.json(413, "the request is larger than %d bytes".formatted(maxBytes));
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
              Unpooled.wrappedBuffer(body));
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/json");
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
      context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
  }
}
