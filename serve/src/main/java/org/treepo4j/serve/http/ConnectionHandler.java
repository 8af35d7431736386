package org.treepo4j.serve.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the requests of one connection on, one after the other. The channel is read all the time,
 * so a client that hangs up is noticed at once; only while requests are piled up it is not.
 */
final class ConnectionHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionHandler.class);

  private final Exchange.Handler handler;
  private final Exchange.Refusal refusal;
  private final HttpLimits limits;
  private final BooleanSupplier closing;
  private final Deque<FullHttpRequest> piledUp = new ArrayDeque<>();
  private NettyExchange current;

  /**
   * @param closing whether connections are to be closed after their response
   */
  ConnectionHandler(
      Exchange.Handler handler,
      Exchange.Refusal refusal,
      HttpLimits limits,
      BooleanSupplier closing) {
    this.handler = handler;
    this.refusal = refusal;
    this.limits = limits;
    this.closing = closing;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    FullHttpRequest request = (FullHttpRequest) message;
    if (current == null) {
      handle(context, request);
    } else {
      piledUp.add(request);
      context.channel().config().setAutoRead(false);
    }
  }

  private void handle(ChannelHandlerContext context, FullHttpRequest request) {
    NettyExchange exchange;
    boolean broken = request.decoderResult().isFailure();
    try {
      exchange =
          new NettyExchange(
              context.channel(),
              request,
              limits.unsentBytes(),
              closing,
              () -> context.executor().execute(() -> next(context)));
    } finally {
      ReferenceCountUtil.release(request);
    }
    current = exchange;
    if (broken) {
      exchange.closeAfterwards();
      byte[] body = refusal.json(400, "the request is not HTTP");
      exchange.respond(400, "application/json", body, Map.of());
      return;
    }
    handler.handle(exchange);
  }

  private void next(ChannelHandlerContext context) {
    current = null;
    FullHttpRequest request = piledUp.poll();
    if (piledUp.isEmpty()) {
      context.channel().config().setAutoRead(true);
    }
    if (request != null) {
      handle(context, request);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    piledUp.forEach(ReferenceCountUtil::release);
    piledUp.clear();
    if (current != null) {
      current.hungUp();
      current = null;
    }
    super.channelInactive(context);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.debug("connection closed", cause);
    context.close();
  }
}
