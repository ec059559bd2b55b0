/*
 * What Java makes of a network: interfaces, HTTP, refusals, datagrams and
 * their errors, multicast, and channels with a selector.
 *
 * usage: java h_java.java ADDRESS INTERFACE
 */
import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.util.*;

class Net {
	static void interfaces() throws Exception {
		for (var n : Collections.list(
		    NetworkInterface.getNetworkInterfaces())) {
			var all = new TreeSet<String>();

			for (var a : n.getInterfaceAddresses())
				if (!a.getAddress().isLinkLocalAddress())
					all.add(a.toString());
			System.out.println(n.getName() + " " + n.isUp() + " " +
			    n.isLoopback() + " " + n.supportsMulticast() +
			    " " + n.isPointToPoint() + " " + all);
		}
	}

	static void streams(InetAddress ip) throws Exception {
		var server = HttpServer.create(new InetSocketAddress(ip, 8080),
		    10);

		server.createContext("/", e -> {
			e.sendResponseHeaders(200, 100000);
			e.getResponseBody().write(new byte[100000]);
			e.close();
		});
		server.start();
		System.out.println(new URL("http:/" + ip + ":8080/")
		    .openStream().readAllBytes().length);
		server.stop(0);
		try {
			new Socket(ip, 9);
		} catch (ConnectException e) {
			System.out.println(e.getMessage());
		}
	}

	static void datagrams(InetAddress ip) throws Exception {
		var d = new DatagramSocket(0, ip);
		var p = new DatagramPacket(new byte[10], 10);

		d.setSoTimeout(200);
		try {
			d.receive(p);
		} catch (SocketTimeoutException e) {
			System.out.println("time-out");
		}
		d.setSoTimeout(5000);
		d.connect(ip, 9);
		d.send(p);
		try {
			d.receive(p);
		} catch (PortUnreachableException e) {
			System.out.println("unreachable");
		}
	}

	static void multicast(String name) throws Exception {
		var group = new InetSocketAddress("239.1.2.3", 5000);
		var m = new MulticastSocket(5000);
		var p = new DatagramPacket(new byte[10], 10);
		var link = NetworkInterface.getByName(name);

		m.setNetworkInterface(link);
		m.joinGroup(group, link);
		m.setSoTimeout(5000);
		m.send(new DatagramPacket("to all".getBytes(), 6, group));
		m.receive(p);
		System.out.println(new String(p.getData(), 0, p.getLength()));
	}

	static void channels(InetAddress ip) throws Exception {
		var l = ServerSocketChannel.open();
		var sel = Selector.open();
		var buf = ByteBuffer.allocate(10);

		l.bind(new InetSocketAddress(ip, 0));
		l.configureBlocking(false);
		l.register(sel, SelectionKey.OP_ACCEPT);
		var client = SocketChannel.open(l.getLocalAddress());
		System.out.println(sel.select(5000));
		var s = l.accept();
		s.write(ByteBuffer.wrap("text".getBytes()));
		System.out.println(client.read(buf));
		client.setOption(StandardSocketOptions.TCP_NODELAY, true);
		for (var o : new TreeMap<>(Map.of("nodelay",
		    StandardSocketOptions.TCP_NODELAY, "keepalive",
		    StandardSocketOptions.SO_KEEPALIVE, "linger",
		    StandardSocketOptions.SO_LINGER)).entrySet())
			System.out.println(o.getKey() + " " +
			    client.getOption(o.getValue()));
		s.close();
		buf.clear();
		System.out.println(client.read(buf));
	}

	public static void main(String[] args) throws Exception {
		var ip = InetAddress.getByName(args[0]);

		interfaces();
		streams(ip);
		datagrams(ip);
		multicast(args[1]);
		System.out.println(ip.isReachable(5000));
		channels(ip);
		System.exit(0);
	}
}
