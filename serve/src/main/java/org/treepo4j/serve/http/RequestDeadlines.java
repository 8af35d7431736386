package org.treepo4j.serve.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Closes connections whose request is not complete in time, however steadily its bytes drip in.
 * Stands behind the HTTP codec.
 */
final class RequestDeadlines extends ChannelDuplexHandler {
  private final HttpLimits limits;
  private Future<?> deadline;

  /** Requests read less responses written. */
  private int unanswered;

  private boolean interim;

  RequestDeadlines(HttpLimits limits) {
    this.limits = limits;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    restart(context, limits.headerTime());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (message instanceof HttpRequest) {
      unanswered++;
      restart(context, limits.bodyTime());
    }
    if (message instanceof LastHttpContent) {
      stop();
    }
    super.channelRead(context, message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    if (message instanceof HttpResponse response) {
      interim = response.status().equals(HttpResponseStatus.CONTINUE);
    }
    if (message instanceof LastHttpContent && !interim) {
      unanswered--;
      if (unanswered == 0) {
        restart(context, limits.headerTime());
      }
    }
    super.write(context, message, promise);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    stop();
    super.channelInactive(context);
  }

  private void restart(ChannelHandlerContext context, Duration time) {
    stop();
    deadline =
        context.executor().schedule(() -> context.close(), time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void stop() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }
}
