// Servers and clients of node, for the tests.
//
// usage: node h_node.js serve PORT | cluster PORT WORKERS | echo PORT |
//	  ask URL COUNT | talk ADDRESS PORT | interfaces

const cluster = require('node:cluster');
const crypto = require('node:crypto');
const dgram = require('node:dgram');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');

const body = crypto.createHash('sha512').update('body').digest('hex')
	.repeat(5000);

const digest = data => crypto.createHash('sha256').update(data).digest('hex');

function handler(req, res) {
	const chunks = [];

	req.on('data', chunk => chunks.push(chunk));
	req.on('end', () => {
		res.setHeader('X-Worker', process.pid);
		res.setHeader('X-Peer', req.socket.remoteAddress);
		res.setHeader('X-Digest', digest(Buffer.concat(chunks)));
		res.end(body);
	});
}

function request(agent, url) {
	return new Promise((resolve, reject) => {
		const data = crypto.randomBytes(20000);
		const req = http.request(url, { agent, method: 'POST' }, res => {
			const chunks = [];

			res.on('data', chunk => chunks.push(chunk));
			res.on('end', () => {
				if (Buffer.concat(chunks).toString() !== body)
					reject(new Error('body'));
				if (res.headers['x-digest'] !== digest(data))
					reject(new Error('digest'));
				resolve(res.headers['x-worker']);
			});
		});

		req.on('error', reject);
		req.end(data);
	});
}

// A line at a time comes back in upper case, over TCP; datagrams reversed.
function echo(port) {
	net.createServer({ allowHalfOpen: true }, sock => {
		sock.on('data', data => sock.write(data.toString()
			.toUpperCase()));
		sock.on('end', () => sock.end());
	}).listen(port, () => {
		const sock = dgram.createSocket('udp6');

		sock.on('message', (data, peer) =>
			sock.send(Buffer.from(data).reverse(), peer.port,
				peer.address));
		sock.bind(port, () => console.log('ready'));
	});
}

function talk(address, port) {
	const sock = net.connect({ host: address, port, timeout: 5000 });
	const udp = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
	let heard = '';

	sock.on('data', data => heard += data);
	sock.on('end', () => {
		console.log('stream', heard === 'HELLO\n'.repeat(10000));
		udp.send(Buffer.from('abc'), port, address);
	});
	sock.end('hello\n'.repeat(10000));
	udp.on('message', (data, peer) => {
		console.log('datagram', data.toString(), peer.address);
		udp.close();
		net.connect(port + 1, address).on('error', error =>
			console.log(error.code));
	});
}

async function ask(url, count) {
	const agent = new http.Agent({ keepAlive: false });
	const asks = [];

	for (let i = 0; i < count; i++)
		asks.push(request(agent, url));
	const workers = await Promise.all(asks);
	console.log('answers', workers.length);
	console.log('workers', new Set(workers).size);
}

const [what, first, second] = process.argv.slice(2);

if (what === 'serve') {
	http.createServer(handler).listen(+first, () => console.log('ready'));
} else if (what === 'cluster' && cluster.isPrimary) {
	let listening = 0;

	for (let i = 0; i < +second; i++)
		cluster.fork();
	cluster.on('listening', () => {
		if (++listening === +second)
			console.log('ready');
	});
} else if (what === 'cluster') {
	http.createServer(handler).listen(+first);
} else if (what === 'echo') {
	echo(+first);
} else if (what === 'ask') {
	ask(first, +second);
} else if (what === 'talk') {
	talk(first, +second);
} else if (what === 'interfaces') {
	for (const [name, list] of Object.entries(os.networkInterfaces()))
		for (const a of list)
			console.log(name, a.cidr, a.internal);
} else {
	console.error('usage: see the top of h_node.js');
	process.exit(2);
}
